package dev.emberkv.uring;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Chooses the backend that {@link IoBackend#open} returns. */
final class IoBackends {
  private static final Logger LOG = LoggerFactory.getLogger(IoBackend.class);

  private IoBackends() {}

  static IoBackend open(IoMode mode) {
    return mode == IoMode.PORTABLE ? new ChannelBackend() : open(mode, UringProbe.run());
  }

  /** Decides by what a probe of io_uring found. */
  static IoBackend open(IoMode mode, Finding uring) {
    if (uring.ok()) {
      return new UringBackend();
    }
    if (mode == IoMode.URING) {
      throw new IoFailure(
          "io_uring does not work here: %s (%s)".formatted(uring.detail(), uring.fix()));
    }
    LOG.warn(
        "io_uring is not used, I/O is portable and slower: {}; {}", uring.detail(), uring.fix());
    return new ChannelBackend();
  }
}

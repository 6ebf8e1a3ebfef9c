package dev.emberkv.uring;

/** Chooses the backend that {@link IoBackend#open} returns. */
final class IoBackends {
  private IoBackends() {}

  static IoBackend open(IoMode mode) {
    if (mode == IoMode.URING) {
      throw new IoFailure("io_uring is not part of this build", Errno.ENOSYS);
    }
    return new ChannelBackend();
  }
}

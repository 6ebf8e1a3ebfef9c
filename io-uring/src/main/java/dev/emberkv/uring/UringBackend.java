package dev.emberkv.uring;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The io_uring backend: each queue is a ring of its own, with its own registered files and buffers.
 *
 * <p>Thread-safe; it holds nothing but counters.
 */
final class UringBackend implements IoBackend {
  private static final Logger LOG = LoggerFactory.getLogger(UringBackend.class);

  private final IoTally tally = new IoTally();
  private final AtomicInteger nextFileSerial = new AtomicInteger();
  private final AtomicInteger closedFiles = new AtomicInteger();
  private final AtomicBoolean toldOfPlainBuffers = new AtomicBoolean();

  /** Makes the backend; {@link UringProbe} has found that io_uring works. */
  UringBackend() {}

  @Override
  public String name() {
    return "uring";
  }

  @Override
  public DirectFile open(Path path) {
    int serial = nextFileSerial.getAndIncrement() & Integer.MAX_VALUE;
    return UringFile.open(path, serial, closedFiles);
  }

  @Override
  public IoQueue newQueue(int depth, @Nullable NativeMemory buffers) {
    Transfers.checkDepth(depth);
    return queueOn(new Ring(depth, RingMode.SHARED), depth, buffers, null);
  }

  @Override
  public IoQueue newThreadQueue(int depth, @Nullable NativeMemory buffers) {
    Transfers.checkDepth(depth);
    Transfers.checkPlatformThread();
    return queueOn(new Ring(depth, RingMode.SINGLE_THREAD), depth, buffers, Thread.currentThread());
  }

  /** Makes a queue on a ring, which the queue owns from then on. */
  UringQueue queueOn(
      Ring ring, int depth, @Nullable NativeMemory buffers, @Nullable Thread boundThread) {
    boolean made = false;
    try {
      UringQueue queue = new UringQueue(ring, depth, buffers, tally, closedFiles, boundThread);
      made = true;
      if (queue.bufferErrno() != 0 && toldOfPlainBuffers.compareAndSet(false, true)) {
        LOG.warn(
            "I/O buffers can't be registered ({}), so each transfer pins its own; `ulimit -l"
                + " unlimited` (systemd: LimitMEMLOCK=infinity) lets them be",
            Errno.describe(queue.bufferErrno()));
      }
      return queue;
    } finally {
      if (!made) {
        ring.close();
      }
    }
  }

  @Override
  public IoCounters counters() {
    return tally.snapshot();
  }

  /** Does nothing: rings belong to queues and descriptors to files. */
  @Override
  public void close() {}
}

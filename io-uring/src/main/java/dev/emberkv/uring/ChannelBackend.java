package dev.emberkv.uring;

import java.nio.file.Path;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The portable backend: positional reads and writes on file channels, done by worker threads.
 *
 * <p>It works wherever the JDK does, past the page cache where JDK and file system can. At most
 * {@link #WORKERS} requests of all its queues run at once; the others wait in line, and their
 * number is bounded by the depths of the queues.
 *
 * <p>Thread-safe.
 */
final class ChannelBackend implements IoBackend {
  /** Enough to keep an NVMe device busy; more threads cost more switches than they hide latency. */
  private static final int WORKERS = 32;

  private static final long IDLE_SECONDS = 10;

  private final IoTally tally = new IoTally();
  private final ThreadPoolExecutor workers;

  ChannelBackend() {
    AtomicInteger number = new AtomicInteger();
    workers =
        new ThreadPoolExecutor(
            WORKERS,
            WORKERS,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task ->
                Thread.ofPlatform()
                    .daemon()
                    .name("emberkv-io-" + number.getAndIncrement())
                    .unstarted(task));
    workers.allowCoreThreadTimeOut(true);
  }

  @Override
  public String name() {
    return "portable";
  }

  @Override
  public DirectFile open(Path path) {
    return ChannelFile.open(path, workers);
  }

  @Override
  public IoQueue newQueue(int depth, @Nullable NativeMemory buffers) {
    Transfers.checkDepth(depth);
    return new ChannelQueue(depth, workers, tally);
  }

  @Override
  public IoQueue newThreadQueue(int depth, @Nullable NativeMemory buffers) {
    Transfers.checkPlatformThread();
    return newQueue(depth, buffers);
  }

  @Override
  public IoCounters counters() {
    return tally.snapshot();
  }

  /** Lets the workers finish what they were given and end. */
  @Override
  public void close() {
    workers.shutdown();
  }
}

package dev.emberkv.peers.store;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Makes a store durable once a second, for those that have no such mode of their own: what EmberKV
 * and Redis call everysec.
 */
final class EverySecond implements AutoCloseable {
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("sync").factory());
  private volatile @Nullable RuntimeException failure;

  EverySecond(Runnable sync) {
    Runnable guarded =
        () -> {
          try {
            sync.run();
          } catch (RuntimeException e) {
            failure = e;
            throw e; // ends the timer
          }
        };
    var _ = timer.scheduleWithFixedDelay(guarded, 1, 1, TimeUnit.SECONDS);
  }

  /** Throws what a sync failed with. */
  void requireHealthy() {
    RuntimeException failed = failure;
    if (failed != null) {
      throw failed;
    }
  }

  /** Waits for a sync under way; none starts afterwards. */
  @Override
  public void close() {
    timer.shutdownNow();
    timer.close();
  }
}

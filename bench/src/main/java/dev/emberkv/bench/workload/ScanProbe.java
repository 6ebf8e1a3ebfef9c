package dev.emberkv.bench.workload;

import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreStats;
import dev.emberkv.engine.Table;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * What one scan of a whole table does to the hit ratio of works that go on meanwhile.
 *
 * @param before hit ratio of the works before the scan
 * @param after the same right after it
 * @param later the same ten seconds after it
 * @param scanSeconds how long the scan took, beside the works
 */
public record ScanProbe(double before, double after, double later, double scanSeconds) {
  private static final double WINDOW_SECONDS = 2;
  private static final double LATER_SECONDS = 10;
  private static final double STEP_SECONDS = 0.5;

  /** Runs works on a table of a store, and a scan of it in between. */
  public static ScanProbe run(Store store, Table table, List<Work> works)
      throws InterruptedException {
    double before = hitRatioOf(store, works, 2 * WINDOW_SECONDS);
    long start = System.nanoTime();
    try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
      Future<?> scan = thread.submit(() -> new TableScan(store, table).run(Long.MAX_VALUE));
      while (!scan.isDone()) {
        WorkThreads.run(works, STEP_SECONDS, rows -> {});
      }
      scan.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("the scan failed", e.getCause());
    }
    double scanSeconds = (System.nanoTime() - start) / 1e9;
    double after = hitRatioOf(store, works, WINDOW_SECONDS);
    WorkThreads.run(works, LATER_SECONDS - 2 * WINDOW_SECONDS, rows -> {});
    return new ScanProbe(before, after, hitRatioOf(store, works, WINDOW_SECONDS), scanSeconds);
  }

  private static double hitRatioOf(Store store, List<Work> works, double seconds)
      throws InterruptedException {
    StoreStats before = store.stats();
    WorkThreads.run(works, seconds, rows -> {});
    return StoreActivity.between(before, store.stats()).hitRatio();
  }
}

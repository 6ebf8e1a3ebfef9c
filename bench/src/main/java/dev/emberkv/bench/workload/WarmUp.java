package dev.emberkv.bench.workload;

import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreStats;
import dev.emberkv.engine.Table;
import java.util.List;

/**
 * Brings a store to where it would be after running for long: all rows in DRAM where the budget
 * holds them, else a hit ratio that has stopped to move.
 *
 * @param store that the works use
 * @param table that the works use
 */
public record WarmUp(Store store, Table table) {
  private static final int MOST_PASSES = 4;
  private static final double ALL_HOT = 0.999;

  /** What a row takes beside its bytes, generously: slot header, index entry, unused slots. */
  private static final int ROW_OVERHEAD_BYTES = 96;

  private static final double FIRST_WINDOW_SECONDS = 2;

  /** Each look at the hit ratio is longer than the last: it moves slower and slower. */
  private static final double WINDOW_GROWTH = 1.5;

  private static final double SETTLED = 0.002;

  /**
   * Warms up.
   *
   * @param works what will be measured
   * @param mostSeconds when to stop, settled or not
   */
  public void run(List<Work> works, double mostSeconds) throws InterruptedException {
    long end = System.nanoTime() + (long) (mostSeconds * 1e9);
    if (fitsInMemory()) {
      int passes = 0;
      while (passes < MOST_PASSES
          && System.nanoTime() - end < 0
          && new TableScan(store, table).run(end) < ALL_HOT) {
        passes++;
      }
    }
    double window = Math.min(FIRST_WINDOW_SECONDS, mostSeconds);
    double before = hitRatioOf(works, window);
    while (System.nanoTime() - end < 0) {
      window *= WINDOW_GROWTH;
      double left = (end - System.nanoTime()) / 1e9;
      double now = hitRatioOf(works, Math.min(window, left));
      if (Math.abs(now - before) < SETTLED) {
        return;
      }
      before = now;
    }
  }

  private boolean fitsInMemory() {
    long rowBytes = (long) table.spec().rowBytes() + ROW_OVERHEAD_BYTES;
    return table.size() * rowBytes <= store.options().memoryBytes();
  }

  private double hitRatioOf(List<Work> works, double seconds) throws InterruptedException {
    StoreStats before = store.stats();
    WorkThreads.run(works, seconds, rows -> {});
    return StoreActivity.between(before, store.stats()).hitRatio();
  }
}

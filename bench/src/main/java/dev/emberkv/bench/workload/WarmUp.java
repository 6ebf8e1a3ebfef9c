package dev.emberkv.bench.workload;

import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreStats;
import dev.emberkv.engine.Table;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Brings a store to where it would be after running for long: all rows in DRAM where the budget
 * holds them, else a hit ratio that has stopped to move.
 *
 * @param store that the works use
 * @param table that the works use
 */
public record WarmUp(Store store, Table table) {
  private static final int PASS_BATCH = 8192;
  private static final int MOST_PASSES = 4;
  private static final double ALL_HOT = 0.999;

  /** What a row takes beside its bytes, generously: slot header, index entry, unused slots. */
  private static final int ROW_OVERHEAD_BYTES = 96;

  private static final double WINDOW_SECONDS = 2;
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
      while (passes < MOST_PASSES && System.nanoTime() - end < 0 && readAllRows(end) < ALL_HOT) {
        passes++;
      }
    }
    double before = hitRatioOf(works, Math.min(WINDOW_SECONDS, mostSeconds));
    while (System.nanoTime() - end < 0) {
      double now = hitRatioOf(works, Math.min(WINDOW_SECONDS, mostSeconds));
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

  /** Reads all rows in order and returns the share that was in DRAM; less when time is up. */
  private double readAllRows(long end) {
    StoreStats before = store.stats();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment keys = arena.allocate(ValueLayout.JAVA_LONG, PASS_BATCH);
      MemorySegment rows = arena.allocate((long) PASS_BATCH * table.spec().rowBytes());
      for (long first = 0;
          first < table.size() && System.nanoTime() - end < 0;
          first += PASS_BATCH) {
        for (int i = 0; i < PASS_BATCH; i++) {
          keys.setAtIndex(ValueLayout.JAVA_LONG, i, Math.min(first + i, table.size() - 1));
        }
        table.lookup(keys, rows, MemorySegment.NULL);
      }
    }
    return StoreActivity.between(before, store.stats()).hitRatio();
  }
}

package dev.emberkv.bench.workload;

import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreStats;
import dev.emberkv.engine.Table;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A read of all rows of a benchmark's table, in the order of their keys.
 *
 * @param store that has the table
 * @param table with rows 0 to its size
 */
record TableScan(Store store, Table table) {
  private static final int BATCH = 8192;

  /**
   * Reads the rows, until a time in {@link System#nanoTime}'s terms.
   *
   * @return the share of all rows found meanwhile that were in DRAM
   */
  double run(long endNanos) {
    StoreStats before = store.stats();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment keys = arena.allocate(ValueLayout.JAVA_LONG, BATCH);
      MemorySegment rows = arena.allocate((long) BATCH * table.spec().rowBytes());
      long size = table.size();
      for (long first = 0; first < size && System.nanoTime() - endNanos < 0; first += BATCH) {
        for (int i = 0; i < BATCH; i++) {
          keys.setAtIndex(ValueLayout.JAVA_LONG, i, Math.min(first + i, size - 1));
        }
        table.lookup(keys, rows, MemorySegment.NULL);
      }
    }
    return StoreActivity.between(before, store.stats()).hitRatio();
  }
}

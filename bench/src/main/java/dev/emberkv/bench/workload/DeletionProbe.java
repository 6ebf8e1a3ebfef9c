package dev.emberkv.bench.workload;

import dev.emberkv.engine.Store;
import dev.emberkv.engine.Table;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;

/**
 * How quickly disk space comes back when most rows are deleted and nobody uses the store.
 *
 * @param rowsDeleted rows that were deleted
 * @param deleteSeconds how long that took
 * @param liveBytes what the rows that are left take in the log, with the ends of pages
 * @param diskBytes disk space that the log took in the end
 * @param settledSeconds when it took at most 1.5 times the live bytes, in seconds after the last
 *     delete; the length of the wait if that did not happen
 */
public record DeletionProbe(
    long rowsDeleted, double deleteSeconds, long liveBytes, long diskBytes, double settledSeconds) {
  private static final int BATCH = 8192;
  private static final double SETTLED = 1.5;
  private static final double IDLE_SECONDS = 60;
  private static final long LOOK_NANOS = 250_000_000L;

  /**
   * Deletes a share of the rows 0 to {@code rows}, chosen at random, and waits.
   *
   * @param bytesPerRow what a row takes in the log
   * @param rowsDone told of the progress of deleting
   */
  public static DeletionProbe run(
      Store store,
      Table table,
      long rows,
      double share,
      double bytesPerRow,
      long seed,
      LongConsumer rowsDone) {
    long start = System.nanoTime();
    long deleted = delete(table, rows, share, new SplittableRandom(seed), rowsDone);
    double deleteSeconds = secondsSince(start);
    long liveBytes = (long) (table.size() * bytesPerRow);
    long idle = System.nanoTime();
    double waited = 0;
    while (store.stats().diskBytes() > SETTLED * liveBytes && waited < IDLE_SECONDS) {
      LockSupport.parkNanos(LOOK_NANOS);
      waited = secondsSince(idle);
    }
    return new DeletionProbe(
        deleted,
        deleteSeconds,
        liveBytes,
        store.stats().diskBytes(),
        Math.min(waited, IDLE_SECONDS));
  }

  private static long delete(
      Table table, long rows, double share, SplittableRandom random, LongConsumer rowsDone) {
    long deleted = 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment keys = arena.allocate(ValueLayout.JAVA_LONG, BATCH);
      int count = 0;
      for (long row = 0; row < rows; row++) {
        if (random.nextDouble() < share) {
          keys.setAtIndex(ValueLayout.JAVA_LONG, count++, row);
        }
        if (count == BATCH || row == rows - 1) {
          deleted += table.delete(keys.asSlice(0, (long) count * Long.BYTES));
          rowsDone.accept(count);
          count = 0;
        }
      }
    }
    return deleted;
  }

  private static double secondsSince(long nanos) {
    return (System.nanoTime() - nanos) / 1e9;
  }
}

package dev.emberkv.bench.workload;

import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreStats;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * How long lookups take beside overwrites that come at a steady rate. Run once while the store has
 * free space and once while each overwrite must be made room for, it says what cleaning costs them.
 *
 * @param p50Micros median of the lookups, in microseconds
 * @param p99Micros 99th percentile of the lookups, in microseconds
 * @param segmentsCleaned segments that were freed meanwhile
 * @param rowsOverwritten rows that were overwritten meanwhile
 */
public record CleaningProbe(
    double p50Micros, double p99Micros, long segmentsCleaned, long rowsOverwritten) {

  /**
   * Runs both at the same time.
   *
   * @param lookups on one thread, as fast as they go
   * @param overwrites on another one
   * @param overwritesPerSecond rows that are overwritten in a second at most
   */
  public static CleaningProbe run(
      Store store, Work lookups, Work overwrites, double overwritesPerSecond, double seconds)
      throws InterruptedException {
    StoreStats before = store.stats();
    Work paced = new Paced(overwrites, overwritesPerSecond);
    Measurement both = WorkThreads.run(List.of(lookups, paced), seconds, rows -> {});
    Measurement.Part reader = both.threads().getFirst();
    return new CleaningProbe(
        reader.latenciesNanos().getValueAtPercentile(50) / 1e3,
        reader.latenciesNanos().getValueAtPercentile(99) / 1e3,
        store.stats().space().since(before.space()).segmentsCleaned(),
        both.threads().getLast().rows());
  }

  /** A work that waits between its steps. */
  private static final class Paced implements Work {
    private final Work work;
    private final double rowsPerSecond;
    private final long startNanos = System.nanoTime();
    private long rows;

    Paced(Work work, double rowsPerSecond) {
      this.work = work;
      this.rowsPerSecond = rowsPerSecond;
    }

    @Override
    public void prepare() {
      work.prepare();
      long dueNanos = startNanos + (long) (rows / rowsPerSecond * 1e9);
      for (long left = dueNanos - System.nanoTime(); left > 0; ) {
        LockSupport.parkNanos(left);
        left = dueNanos - System.nanoTime();
      }
    }

    @Override
    public long run(Histogram latenciesNanos) {
      long moved = work.run(latenciesNanos);
      rows += moved;
      return moved;
    }

    @Override
    public void verify() {
      work.verify();
    }
  }
}

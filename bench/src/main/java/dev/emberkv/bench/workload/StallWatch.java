package dev.emberkv.bench.workload;

import dev.emberkv.engine.Table;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * A thread that reads single keys, as fast as it can, while others write: how long does a reader of
 * a growing table ever wait? After each read it spins for as long as the read took and measures
 * that as well, because on a shared machine a thread is also stopped where nobody waits for
 * anything.
 *
 * <p>Started on construction; the results are read after {@link #stop}.
 */
public final class StallWatch {
  private static final long LONGEST_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final Histogram reads = new Histogram(LONGEST_NANOS, 3);
  private final Histogram spins = new Histogram(LONGEST_NANOS, 3);
  private final Table table;
  private final KeyStream keys;
  private final Thread thread;
  private volatile boolean stopped;

  /**
   * Starts to read.
   *
   * @param keys what to read, whether it is there yet or not
   */
  public StallWatch(Table table, KeyStream keys) {
    this.table = table;
    this.keys = keys;
    this.thread = Thread.ofPlatform().name("stall-watch").start(this::watch);
  }

  private void watch() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment row = arena.allocate(table.spec().rowBytes());
      while (!stopped) {
        long key = keys.next();
        long start = System.nanoTime();
        table.get(key, row);
        long read = System.nanoTime();
        long target = read + (read - start);
        long last = read;
        while (last < target) {
          last = System.nanoTime();
        }
        reads.recordValue(Math.min(LONGEST_NANOS, read - start));
        spins.recordValue(Math.min(LONGEST_NANOS, last - read));
      }
    }
  }

  /** Adds what was seen to a result. */
  public void addTo(BenchResult result) {
    result
        .put("reader_reads", reads.getTotalCount())
        .put("reader_p50_us", reads.getValueAtPercentile(50) / 1e3)
        .put("reader_p99_us", reads.getValueAtPercentile(99) / 1e3)
        .put("reader_p9999_us", reads.getValueAtPercentile(99.99) / 1e3)
        .put("reader_max_us", reads.getMaxValue() / 1e3)
        .put("reader_over_5ms", over5Millis(reads))
        .put("spin_p9999_us", spins.getValueAtPercentile(99.99) / 1e3)
        .put("spin_max_us", spins.getMaxValue() / 1e3)
        .put("spin_over_5ms", over5Millis(spins));
  }

  private static long over5Millis(Histogram histogram) {
    return histogram.getCountBetweenValues(TimeUnit.MILLISECONDS.toNanos(5), LONGEST_NANOS);
  }

  /** Ends the reading. */
  public void stop() throws InterruptedException {
    stopped = true;
    thread.join();
  }
}

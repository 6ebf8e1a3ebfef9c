package dev.emberkv.bench.workload;

import java.util.List;
import java.util.stream.IntStream;
import org.HdrHistogram.Histogram;

/**
 * What some threads did in some time.
 *
 * @param threads each thread's part
 * @param wallNanos from the start of the first to the end of the last thread
 */
public record Measurement(List<Part> threads, long wallNanos) {
  /**
   * What one thread did.
   *
   * @param rows rows moved
   * @param busyNanos time inside the measured calls
   * @param latenciesNanos durations of calls
   */
  public record Part(long rows, long busyNanos, Histogram latenciesNanos) {
    private Part plus(Part other) {
      Histogram both = latenciesNanos.copy();
      both.add(other.latenciesNanos);
      return new Part(rows + other.rows, busyNanos + other.busyNanos, both);
    }
  }

  /** Returns this measurement continued by another of the same threads. */
  public Measurement plus(Measurement other) {
    if (threads.size() != other.threads.size()) {
      throw new IllegalArgumentException(
          "measurements of " + threads.size() + " and " + other.threads.size() + " threads");
    }
    List<Part> parts =
        IntStream.range(0, threads.size())
            .mapToObj(i -> threads.get(i).plus(other.threads.get(i)))
            .toList();
    return new Measurement(parts, wallNanos + other.wallNanos);
  }

  /** Returns the rows that all threads moved. */
  public long rows() {
    return threads.stream().mapToLong(Part::rows).sum();
  }

  /** Returns the sum of the rates that the threads had while inside the measured calls. */
  public double rowsPerSecond() {
    return threads.stream().mapToDouble(p -> p.rows * 1e9 / Math.max(1, p.busyNanos)).sum();
  }

  /** Returns rows by the clock on the wall, with all that a thread does between calls. */
  public double wallRowsPerSecond() {
    return rows() * 1e9 / Math.max(1, wallNanos);
  }

  /** Returns the wall-clock time in seconds. */
  public double seconds() {
    return wallNanos / 1e9;
  }

  /** Returns a percentile of the calls' durations in microseconds. */
  public double micros(double percentile) {
    Histogram all = threads.getFirst().latenciesNanos.copy();
    threads.stream().skip(1).forEach(part -> all.add(part.latenciesNanos));
    return all.getValueAtPercentile(percentile) / 1e3;
  }
}

package dev.emberkv.bench.workload;

import org.HdrHistogram.Histogram;

/**
 * What one thread of a benchmark does over and over.
 *
 * <p>Only {@link #run} is measured: drawing keys from a skewed distribution and comparing rows
 * takes about as long as a lookup, and none of it is the store's.
 */
public interface Work {
  /** Gets the next step ready. */
  void prepare();

  /**
   * Does the step.
   *
   * @param latenciesNanos receives the duration of calls: of each, or of a sample where the clock
   *     would take a good part of the time
   * @return how many rows were moved; 0 when the work is done
   */
  long run(Histogram latenciesNanos);

  /** Checks the step's outcome. */
  void verify();
}

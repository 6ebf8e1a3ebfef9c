package dev.emberkv.engine;

import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * How long reads take, apart for those that DRAM answered alone and those that had to ask the
 * device. One call in {@link Guard#SAMPLE} of each thread is timed, whatever it will meet, so that
 * the percentiles of both kinds are unbiased and reading the clock costs nothing to speak of.
 *
 * <p>Thread-safe; recording does not wait.
 */
final class TierLatencies {
  private static final long MAX_NANOS = 100_000_000_000L;
  private static final int DIGITS = 2;

  private final Histogram hot = new ConcurrentHistogram(MAX_NANOS, DIGITS);
  private final Histogram cold = new ConcurrentHistogram(MAX_NANOS, DIGITS);

  /**
   * Notes a call that has ended.
   *
   * @param beganNanos as {@link Guard#sampleClock} said; 0 for a call that is not timed
   */
  void record(boolean readDevice, long beganNanos) {
    if (beganNanos != 0) {
      long nanos = System.nanoTime() - beganNanos;
      (readDevice ? cold : hot).recordValue(Math.clamp(nanos, 0, MAX_NANOS));
    }
  }

  ReadLatency hot() {
    return summary(hot);
  }

  ReadLatency cold() {
    return summary(cold);
  }

  private static ReadLatency summary(Histogram histogram) {
    Histogram reading = histogram.copy();
    return new ReadLatency(
        reading.getTotalCount(),
        reading.getValueAtPercentile(50),
        reading.getValueAtPercentile(99),
        reading.getValueAtPercentile(99.9),
        reading.getMaxValue());
  }
}

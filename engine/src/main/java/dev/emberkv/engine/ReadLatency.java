package dev.emberkv.engine;

/**
 * How long calls that read took, be it one row or a batch of them, of those that were timed.
 *
 * @param samples how many were
 * @param p50Nanos half of them took at most so long
 * @param p99Nanos 99 % of them
 * @param p999Nanos 99.9 % of them
 * @param maxNanos all of them
 */
public record ReadLatency(
    long samples, long p50Nanos, long p99Nanos, long p999Nanos, long maxNanos) {
  /** Of no calls. */
  public static final ReadLatency NONE = new ReadLatency(0, 0, 0, 0, 0);
}

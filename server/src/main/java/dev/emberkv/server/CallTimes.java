package dev.emberkv.server;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * How many calls of a command took how long. The first group are those of at most a microsecond,
 * and each next one reaches twice as far; the bounds are those that LATENCY HISTOGRAM has in Redis.
 *
 * <p>Thread-safe.
 */
final class CallTimes {
  /** The last group holds all that is longer than half an hour, too. */
  private static final int GROUPS = 32;

  private static final long FIRST_NANOS = 1_032;

  private final AtomicLongArray calls = new AtomicLongArray(GROUPS);

  /** Takes groups of calls, the short ones first. */
  @FunctionalInterface
  interface Visitor {
    /** Takes the longest time of a group, and how many calls took at most so long. */
    void group(long micros, long callsSoFar);
  }

  /** Adds calls that took so long each. */
  void add(long nanos, long count) {
    int group = Long.SIZE - Long.numberOfLeadingZeros(Math.max(0, nanos) / FIRST_NANOS);
    calls.getAndAdd(Math.min(group, GROUPS - 1), count);
  }

  /** Visits the groups that have calls. */
  void forEach(Visitor visitor) {
    long soFar = 0;
    for (int group = 0; group < GROUPS; group++) {
      long count = calls.get(group);
      if (count > 0) {
        soFar += count;
        visitor.group(((FIRST_NANOS << group) - 1) / 1_000, soFar);
      }
    }
  }

  void reset() {
    for (int group = 0; group < GROUPS; group++) {
      calls.set(group, 0);
    }
  }
}

package dev.emberkv.engine;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The time of a table's rows, in seconds since 1970: the wall clock, or the latest time that a
 * writer gave. The latter counts for reads once it is on stable storage, so that what has expired
 * for a reader stays expired after a crash.
 *
 * <p>Thread-safe.
 */
final class TableClock {
  private final boolean dataTime;

  /** The latest time that was given; 0 before the first. */
  private final AtomicLong given = new AtomicLong();

  private volatile long durable;

  TableClock(boolean dataTime) {
    this.dataTime = dataTime;
  }

  /** Goes on with what an earlier run had made durable. */
  void startAt(long seconds) {
    given.set(seconds);
    durable = seconds;
  }

  /** Returns the time by which rows expire. */
  long now() {
    return dataTime ? durable : System.currentTimeMillis() / 1000;
  }

  /** Returns the latest time, which a crash may still take back. */
  long latest() {
    return dataTime ? given.get() : now();
  }

  /**
   * Returns the time of a write, and moves the clock on.
   *
   * @param seconds what the writer gave; 0 for none
   * @throws IllegalArgumentException when the table has the wall clock's time and one was given, or
   *     has a time of its own and none was given so far
   */
  int stamp(long seconds) {
    if (seconds != 0 && !dataTime) {
      throw new IllegalArgumentException("the table has the wall clock's time, and no other");
    }
    if (!dataTime) {
      return (int) now();
    }
    long latest = given.accumulateAndGet(seconds, Math::max);
    if (latest == 0) {
      throw new IllegalArgumentException(
          "the table has a time of its own, and nobody has given one so far");
    }
    return (int) latest;
  }

  /** Returns the latest time that was given and is not on stable storage; 0 for none. */
  long unsaved() {
    long seconds = given.get();
    return seconds > durable ? seconds : 0;
  }

  /** Notes that a time is on stable storage. */
  void saved(long seconds) {
    durable = seconds;
  }
}

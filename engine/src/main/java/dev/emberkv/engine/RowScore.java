package dev.emberkv.engine;

import dev.emberkv.uring.RawMemory;

/**
 * What a table's rows carry for their {@link Scores}, behind the optimizer's state, and how a score
 * is made of it.
 *
 * <pre>
 *    0  f32 shows, as of the period of the last push
 *    4  f32 clicks, the same
 *    8  u32 number of that period, counted from 1; 0 when there was no push since the row was put
 * </pre>
 *
 * <p>Immutable.
 */
final class RowScore {
  static final int BYTES = 12;

  private static final int CLICKS = 4;
  private static final int PERIOD = 8;

  private final Scores rule;
  private final int offset;

  RowScore(Scores rule, RowLayout layout) {
    this.rule = rule;
    this.offset = layout.embeddingBytes() + layout.stateBytes();
  }

  private long period(long seconds) {
    return 1 + seconds / rule.periodSeconds();
  }

  private static long unsigned(int value) {
    return Integer.toUnsignedLong(value);
  }

  /** Returns what is left after some periods; the same bits on every machine. */
  private double left(long periods) {
    return periods <= 0 ? 1 : StrictMath.pow(rule.decay(), (double) periods);
  }

  /** Adds the shows and clicks of a push to a row's payload. */
  void add(long payload, float shows, float clicks, int timeSeconds) {
    long counts = payload + offset;
    long last = unsigned(RawMemory.getInt(counts + PERIOD));
    long now = Math.max(last, period(unsigned(timeSeconds)));
    double left = left(now - last);
    RawMemory.putFloat(counts, (float) (RawMemory.getFloat(counts) * left) + shows);
    RawMemory.putFloat(
        counts + CLICKS, (float) (RawMemory.getFloat(counts + CLICKS) * left) + clicks);
    RawMemory.putInt(counts + PERIOD, (int) now);
  }

  /** Returns the score of a row in a slot or a record, infinite when it has none. */
  double of(long row, long nowSeconds) {
    long counts = Slot.payload(row) + offset;
    long last = unsigned(RawMemory.getInt(counts + PERIOD));
    if (last == 0) {
      return Double.POSITIVE_INFINITY;
    }
    double left = left(period(nowSeconds) - last);
    double shows = RawMemory.getFloat(counts) * left;
    double clicks = RawMemory.getFloat(counts + CLICKS) * left;
    return rule.nonClick() * (shows - clicks) + rule.click() * clicks;
  }

  /** Returns whether a row in a slot or a record is to be dropped. */
  boolean isLow(long row, long nowSeconds) {
    long last = unsigned(RawMemory.getInt(Slot.payload(row) + offset + PERIOD));
    long seen = last == 0 ? period(unsigned(Slot.time(row))) : last;
    return period(nowSeconds) - seen > rule.unseenPeriods()
        || of(row, nowSeconds) < rule.threshold();
  }
}

package dev.emberkv.engine;

import org.jspecify.annotations.Nullable;

/**
 * When rows of a table go by themselves.
 *
 * @param ttlSeconds how long a row lives after its last write, in the table's time; 0 for ever
 * @param dataTime whether the table's time is the latest that a writer gave, and not the wall clock
 * @param maxRows the most rows; 0 for any number. Those with the lowest scores go first, or without
 *     scores those that were not written for longest; in the background: up to a 16th more can be
 *     there meanwhile.
 * @param minRows how many rows scores leave in any case, the highest ones
 * @param scores which rows {@link Table#shrink} drops by what they are worth; null for none
 */
public record Expiry(
    long ttlSeconds, boolean dataTime, long maxRows, long minRows, @Nullable Scores scores) {
  /** Rows stay until they are deleted. */
  public static final Expiry NEVER = new Expiry(0, false, 0);

  /** The longest life. */
  public static final long MAX_TTL_SECONDS = 0xffff_ffffL;

  /** Checks the ranges. */
  public Expiry {
    if (ttlSeconds < 0 || ttlSeconds > MAX_TTL_SECONDS) {
      throw new IllegalArgumentException(
          "rows live 0 to %d seconds, not %d".formatted(MAX_TTL_SECONDS, ttlSeconds));
    }
    if (dataTime && ttlSeconds == 0 && scores == null) {
      throw new IllegalArgumentException(
          "a table has a time of its own for rows that expire or have scores");
    }
    if (maxRows < 0) {
      throw new IllegalArgumentException("a table has 0 rows or more, not " + maxRows);
    }
    if (minRows < 0 || (maxRows > 0 && minRows > maxRows)) {
      throw new IllegalArgumentException(
          "scores leave 0 rows or more, and not more than the table may have; not " + minRows);
    }
    if (minRows > 0 && scores == null) {
      throw new IllegalArgumentException("without scores none could leave " + minRows + " rows");
    }
  }

  /** Rows go by time and number, and have no scores. */
  public Expiry(long ttlSeconds, boolean dataTime, long maxRows) {
    this(ttlSeconds, dataTime, maxRows, 0, null);
  }

  /** Returns whether rows have a time by which they go. */
  boolean isTimed() {
    return ttlSeconds > 0 || scores != null;
  }
}

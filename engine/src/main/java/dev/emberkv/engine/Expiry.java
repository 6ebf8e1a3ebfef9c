package dev.emberkv.engine;

/**
 * When rows of a table go by themselves.
 *
 * @param ttlSeconds how long a row lives after its last write, in the table's time; 0 for ever
 * @param dataTime whether the table's time is the latest that a writer gave, and not the wall clock
 * @param maxRows the most rows; 0 for any number. Those that were not written for longest go first,
 *     in the background: up to a 16th more can be there meanwhile.
 */
public record Expiry(long ttlSeconds, boolean dataTime, long maxRows) {
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
    if (dataTime && ttlSeconds == 0) {
      throw new IllegalArgumentException("a table has a time of its own for rows that expire");
    }
    if (maxRows < 0) {
      throw new IllegalArgumentException("a table has 0 rows or more, not " + maxRows);
    }
  }
}

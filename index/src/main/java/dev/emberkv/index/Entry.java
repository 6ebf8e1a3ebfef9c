package dev.emberkv.index;

/**
 * Layout of one index entry, a 64-bit word that is 0 where the slot is empty.
 *
 * <pre>
 *   63 ................. 39   38 ......... 0
 *   hash bits, 1, zeros       location
 * </pre>
 *
 * <p>The upper 25 bits hold 0 to 24 known hash bits, then a 1 (the sentinel), then zeros. The known
 * bits are those of the hash from bit number {@code base} on, counted from the top; {@code base}
 * belongs to the array that the entry is in (see {@link Geometry#tagBase}). When the base moves on
 * by one, the topmost known bit has become part of the position: it is shifted out and the entry
 * knows one bit less. The sentinel makes that number self-describing, and an occupied slot nonzero.
 */
final class Entry {
  /** Known hash bits of a fresh entry. */
  static final int FRESH_BITS = 24;

  /** Known hash bits that every entry keeps, see {@link Geometry}. */
  static final int MIN_BITS = 12;

  static final long EMPTY = 0;

  private static final int SENTINEL_SHIFT = 39;
  static final long TAG_MASK = -1L << SENTINEL_SHIFT;
  private static final long LOCATION_MASK = ~TAG_MASK;

  private Entry() {}

  /** Returns an entry that knows {@link #FRESH_BITS} bits of the hash. */
  static long fresh(long hash, int base, long location) {
    assert (location & TAG_MASK) == 0 : location;
    return ((hash << base) & (TAG_MASK << 1)) | (1L << SENTINEL_SHIFT) | location;
  }

  /** Returns the entry for a base that is one higher. */
  static long rebased(long entry) {
    return ((entry & TAG_MASK) << 1) | (entry & LOCATION_MASK);
  }

  /** Returns the location of an entry that is not {@link #EMPTY}. */
  static long location(long entry) {
    return entry & LOCATION_MASK;
  }

  /** Returns the number of known hash bits of an entry that is not {@link #EMPTY}. */
  static int knownBits(long entry) {
    return 63 - Long.numberOfTrailingZeros(entry & TAG_MASK);
  }

  /** Returns the known hash bits, topmost first, with zeros behind them. */
  static long known(long entry) {
    return entry & -(Long.lowestOneBit(entry & TAG_MASK) << 1);
  }

  /**
   * Returns 1 when all hash bits that the entry knows are those of {@code wanted}, else 0; 0 for an
   * empty slot.
   *
   * <p>With s the value of the sentinel bit, the bits above it are equal when (entry ^ wanted) is
   * less than 2 s, that is when half of it is less than s. Both are below 2^63, so the sign of the
   * difference is the answer and seven slots are compared without a branch.
   *
   * @param wanted the hash shifted left by the base
   */
  static long matchBit(long entry, long wanted) {
    return (((entry ^ wanted) >>> 1) - Long.lowestOneBit(entry & TAG_MASK)) >>> 63;
  }

  static boolean matches(long entry, long wanted) {
    return matchBit(entry, wanted) != 0;
  }
}

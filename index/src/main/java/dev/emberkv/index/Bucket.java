package dev.emberkv.index;

import dev.emberkv.uring.RawMemory;
import dev.emberkv.uring.Vectors;

/**
 * Layout of a bucket, one cache line: a header word and seven {@linkplain Entry entries}.
 *
 * <pre>
 *   63 ..... 14   13 .. 8    7 ........ 4       3   2          1     0
 *   version       tag base   max displacement   0   overflow   live  lock
 * </pre>
 *
 * <p>The header is about the entries <em>homed</em> at the bucket, wherever they live: its lock
 * guards them, its version counts their changes, and none lives further away than its maximum
 * displacement. An entry word in the bucket may belong to an earlier home. The live bit is always
 * set, so that 0, as in memory that was given back, means {@link #MOVED}.
 */
final class Bucket {
  static final int BYTES = 64;
  static final int SHIFT = 6;
  static final int SLOTS = 7;

  /** Header of a home whose entries are in a newer array. */
  static final long MOVED = 0;

  static final long LOCK = 1;
  static final long OVERFLOW = 1 << 2;

  private static final long LIVE = 1 << 1;
  private static final int DISPLACEMENT_SHIFT = 4;
  private static final long DISPLACEMENT_MASK = 0xfL << DISPLACEMENT_SHIFT;
  private static final int BASE_SHIFT = 8;
  private static final long BASE_MASK = 0x3f;
  private static final long VERSION_ONE = 1L << 14;

  private Bucket() {}

  /** Returns the header of a home without entries. */
  static long emptyHeader(int tagBase) {
    return LIVE | ((long) tagBase << BASE_SHIFT);
  }

  static boolean isLocked(long header) {
    return (header & LOCK) != 0;
  }

  static boolean hasOverflow(long header) {
    return (header & OVERFLOW) != 0;
  }

  /** Returns whether all entries of the home are in its own bucket. */
  static boolean isAlone(long header) {
    return (header & (DISPLACEMENT_MASK | OVERFLOW)) == 0;
  }

  static int tagBase(long header) {
    return (int) ((header >>> BASE_SHIFT) & BASE_MASK);
  }

  static int maxDisplacement(long header) {
    return (int) ((header & DISPLACEMENT_MASK) >>> DISPLACEMENT_SHIFT);
  }

  static long withMaxDisplacement(long header, int displacement) {
    return (header & ~DISPLACEMENT_MASK) | ((long) displacement << DISPLACEMENT_SHIFT);
  }

  /** Returns the unlocked header after a change: the next version. */
  static long changed(long header) {
    return (header & ~LOCK) + VERSION_ONE;
  }

  /** Returns the address of the last bucket that entries of this home may live in. */
  static long lastBucket(long home, long header) {
    return home + ((long) maxDisplacement(header) << SHIFT);
  }

  /** Returns the address of an entry, {@code slot} in 1..7. */
  static long slotAddress(long bucket, int slot) {
    return bucket + ((long) slot << 3);
  }

  static long entry(long bucket, int slot) {
    return RawMemory.getLong(bucket, slot << 3);
  }

  /** Returns the first entry of a {@link #matchMask}; without a match, no entry at all. */
  static long matching(long bucket, int mask) {
    return entry(bucket, Integer.numberOfTrailingZeros(mask) & SLOTS);
  }

  /** Returns a mask with bit s set when slot s matches. */
  static int matchMask(long bucket, long wanted) {
    return Vectors.ENABLED
        ? VectorBucket.matchMask(bucket, wanted)
        : scalarMatchMask(bucket, wanted);
  }

  static int scalarMatchMask(long bucket, long wanted) {
    return (int)
        (Entry.matchBit(entry(bucket, 1), wanted) << 1
            | Entry.matchBit(entry(bucket, 2), wanted) << 2
            | Entry.matchBit(entry(bucket, 3), wanted) << 3
            | Entry.matchBit(entry(bucket, 4), wanted) << 4
            | Entry.matchBit(entry(bucket, 5), wanted) << 5
            | Entry.matchBit(entry(bucket, 6), wanted) << 6
            | Entry.matchBit(entry(bucket, 7), wanted) << 7);
  }

  /**
   * Puts an entry into the first empty slot from the home up to {@code limit} buckets behind it.
   * Slots are shared with neighbouring homes whose locks others hold, hence the compare-and-set.
   *
   * @return how many buckets behind the home it went, or -1 when all are full
   */
  static int place(long home, long entry, int limit) {
    for (int displacement = 0; displacement <= limit; displacement++) {
      long bucket = home + ((long) displacement << SHIFT);
      for (int slot = 1; slot <= SLOTS; slot++) {
        if (entry(bucket, slot) == Entry.EMPTY
            && RawMemory.compareAndSetLong(slotAddress(bucket, slot), Entry.EMPTY, entry)) {
          return displacement;
        }
      }
    }
    return -1;
  }
}

package dev.emberkv.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Finds the different ids of a batch: a hash table of their places, open addressing with linear
 * probing, at most half full.
 *
 * <p>Not thread-safe.
 */
final class KeyIndex {
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final int EMPTY = -1;

  private final long seed;
  private final int[] places;

  /**
   * Makes a table.
   *
   * @param maxBatch the most ids of a batch, up to 2^29
   * @param seed of the hash, so that nobody can choose ids that collide
   */
  KeyIndex(int maxBatch, long seed) {
    this.seed = seed;
    this.places = new int[Integer.highestOneBit(Math.max(1, 2 * maxBatch - 1)) << 1];
  }

  /**
   * Lists the different ids in the order of their first places.
   *
   * @param keys packed ids
   * @param count how many
   * @param unique receives the different ids, packed
   * @param index receives for each id the number of its like in {@code unique}, as u32
   * @return how many different ids there are
   */
  int run(MemorySegment keys, int count, MemorySegment unique, MemorySegment index) {
    int mask = Integer.highestOneBit(Math.max(1, 2 * count - 1)) * 2 - 1;
    Arrays.fill(places, 0, mask + 1, EMPTY);
    int found = 0;
    for (int i = 0; i < count; i++) {
      long key = keys.get(LONG, (long) i * Long.BYTES);
      int at = hash(key) & mask;
      int place = places[at];
      while (place != EMPTY && unique.get(LONG, (long) place * Long.BYTES) != key) {
        at = (at + 1) & mask;
        place = places[at];
      }
      if (place == EMPTY) {
        place = found++;
        places[at] = place;
        unique.set(LONG, (long) place * Long.BYTES, key);
      }
      index.set(ValueLayout.JAVA_INT, (long) i * Integer.BYTES, place);
    }
    return found;
  }

  /** The finalizer of SplitMix64. */
  private int hash(long key) {
    long h = key + seed;
    h = (h ^ h >>> 30) * 0xbf58476d1ce4e5b9L;
    h = (h ^ h >>> 27) * 0x94d049bb133111ebL;
    return (int) (h >>> 32);
  }
}

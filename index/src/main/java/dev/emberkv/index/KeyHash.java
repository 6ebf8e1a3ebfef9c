package dev.emberkv.index;

/**
 * Hash functions from keys to the 64 bits that place them in an index.
 *
 * <p>Both are seeded: ids come from outside, and with a known function a caller could choose ids
 * that all fall into one bucket.
 */
public final class KeyHash {
  private KeyHash() {}

  /**
   * Returns the hash of an id. For one seed it is a bijection: the 64-bit finalizer of MurmurHash3
   * in D. Stafford's variant 13, as in SplitMix64.
   */
  public static long ofId(long id, long seed) {
    long h = id ^ seed;
    h = (h ^ (h >>> 30)) * 0xbf58476d1ce4e5b9L;
    h = (h ^ (h >>> 27)) * 0x94d049bb133111ebL;
    return h ^ (h >>> 31);
  }
}

package dev.emberkv.bench.workload;

/**
 * A fixed permutation of 0..n-1 that looks random: popular ranks land all over the ids, so that
 * popularity and place have nothing to do with each other.
 *
 * <p>An invertible mix of the next power of two, walked until it is back inside the range (cycle
 * walking: J. Black, P. Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002). Fewer than
 * two steps on average.
 */
public final class Scatter {
  private final long n;
  private final long mask;
  private final int shift;

  /** Makes the permutation of 0..n-1. */
  public Scatter(long n) {
    if (n < 1) {
      throw new IllegalArgumentException("n must be at least 1, not " + n);
    }
    this.n = n;
    int bits = Math.max(2, Long.SIZE - Long.numberOfLeadingZeros(n - 1));
    this.mask = -1L >>> (Long.SIZE - bits);
    this.shift = (bits + 1) / 2;
  }

  /** Returns the place of {@code value}, which is in 0..n-1. */
  public long of(long value) {
    long mixed = value;
    do {
      mixed = mix(mixed);
    } while (mixed >= n);
    return mixed;
  }

  /** Each step can be undone within the mask: an odd factor, a shift to the right, an addition. */
  private long mix(long value) {
    long h = (value + 0x632be59bd9b4e019L) & mask;
    h = (h * 0xbf58476d1ce4e5b9L) & mask;
    h ^= h >>> shift;
    h = (h * 0x94d049bb133111ebL) & mask;
    return h ^ (h >>> shift);
  }
}

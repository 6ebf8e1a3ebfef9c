package dev.emberkv.index;

/**
 * How hashes are laid over the buckets of one array: {@code perPrefix} home buckets for each value
 * of the hash's first {@code prefixBits} bits, in hash order.
 *
 * <p>With k prefix bits and m buckets per prefix, the home of a hash depends on its first k + 10
 * bits only: k choose the group, the next 10, times m, divided by 1024, the bucket in the group. m
 * runs from 8 to 15, so an array grows by an eighth to a fifteenth at a time, and (k, 16) is the
 * same mapping as (k + 1, 8).
 *
 * <p>An entry homed at bucket i lives in i..i + {@link #MAX_DISPLACEMENT}; the array has that many
 * buckets behind the last home. Hence an entry found in bucket b belongs to one of at most 3
 * consecutive prefixes, and the last two bits of its prefix tell which. Tags start with those two
 * bits, so from a bucket number and 12 known tag bits the first k + 10 bits of the hash come back:
 * all that is needed to move an entry to the next array without its key.
 */
record Geometry(int prefixBits, int perPrefix) {
  /** The first array of every index: with its tail, 63 buckets, less than a page. */
  static final Geometry START = new Geometry(2, 12);

  static final int MAX_DISPLACEMENT = 15;

  private static final int FRACTION_BITS = 10;

  Geometry {
    assert prefixBits >= 2 && prefixBits <= 64 - FRACTION_BITS - 2 : prefixBits;
    assert perPrefix >= 8 && perPrefix <= 15 : perPrefix;
  }

  /** Returns the next larger geometry. */
  Geometry next() {
    return perPrefix < 15
        ? new Geometry(prefixBits, perPrefix + 1)
        : new Geometry(prefixBits + 1, 8);
  }

  /** Returns the number of home buckets. */
  long homes() {
    return (long) perPrefix << prefixBits;
  }

  /** Returns the number of buckets with those behind the last home. */
  long buckets() {
    return homes() + MAX_DISPLACEMENT;
  }

  /** Returns the number of the hash's first bit, counted from the top, that goes into the tag. */
  int tagBase() {
    return prefixBits - 2;
  }

  /** Returns the home bucket of a hash, of which the first k + 10 bits matter. */
  long homeOf(long hash) {
    return (hash >>> -prefixBits) * perPrefix
        + ((((hash << prefixBits) >>> -FRACTION_BITS) * perPrefix) >>> FRACTION_BITS);
  }

  /** Returns the smallest hash homed at a bucket; 0, as 2^64, for the bucket behind the last. */
  long firstHash(long home) {
    long prefix = home / perPrefix;
    long fraction = Math.ceilDiv((home % perPrefix) << FRACTION_BITS, (long) perPrefix);
    return (prefix << -prefixBits) + (fraction << (64 - FRACTION_BITS - prefixBits));
  }

  /** Returns the largest hash, unsigned, homed at a bucket. */
  long lastHash(long home) {
    return firstHash(home + 1) - 1;
  }

  /**
   * Returns where the tags of entries begin whose hashes begin at {@code firstHash}.
   *
   * <p>Entry words of one home, taken as unsigned numbers, are at its first tag or less than its
   * last tag + 1 - first tag above it, and no others in its window are. That is a subtraction where
   * {@link #hashOf} needs a division. It holds because the ranges of homes begin at multiples of
   * 2^52 in tags, and entries know at least 12 bits.
   */
  long firstTag(long firstHash) {
    return firstHash << tagBase();
  }

  /**
   * Returns a hash that has the bits which an entry knows, given the first hash of its home; the
   * bits behind them are arbitrary.
   */
  long hashIn(long firstHash, long entry) {
    return firstHash + ((entry - firstTag(firstHash)) >>> tagBase());
  }

  /** Returns the hash bits of an entry in a bucket, with zeros behind those that are known. */
  long hashOf(long bucket, long entry) {
    long highest = bucket / perPrefix;
    long prefix = highest - ((highest - (entry >>> 62)) & 3);
    // For k = 2 the first shift is by 64, which Java takes as 0; the shifted value is 0 then.
    return ((prefix >>> 2) << (66 - prefixBits)) | (Entry.known(entry) >>> tagBase());
  }
}

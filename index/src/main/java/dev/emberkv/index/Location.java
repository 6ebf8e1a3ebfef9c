package dev.emberkv.index;

/**
 * Where a row is: a tier bit and the number of a 32-byte granule, in the low 39 bits of a {@code
 * long}.
 *
 * <pre>
 *   38    37 ......................... 0
 *   tier  granule (DRAM: of the slab arena; cold: of the log)
 * </pre>
 *
 * <p>38 bits of 32-byte granules address 8 TiB in each tier.
 */
public final class Location {
  /** No location. Not a legal location: all of its bits are set. */
  public static final long NONE = -1;

  /** What a granule number is multiplied with to get a byte offset. */
  public static final int GRANULE_BYTES = 32;

  /** The largest granule number of either tier. */
  public static final long MAX_GRANULE = (1L << 38) - 1;

  private static final long DRAM = 1L << 38;

  private Location() {}

  /** Returns the location of a row in the slab arena. */
  public static long dram(long granule) {
    assert granule >= 0 && granule <= MAX_GRANULE : granule;
    return DRAM | granule;
  }

  /** Returns the location of a row in the log. */
  public static long cold(long granule) {
    assert granule >= 0 && granule <= MAX_GRANULE : granule;
    return granule;
  }

  /** Returns whether a location, not {@link #NONE}, is in DRAM. */
  public static boolean isDram(long location) {
    return (location & DRAM) != 0;
  }

  /** Returns the granule number of a location, not {@link #NONE}. */
  public static long granule(long location) {
    return location & MAX_GRANULE;
  }

  /** Returns the location in words, for a message. */
  public static String describe(long location) {
    if (location == NONE) {
      return "nowhere";
    }
    return (isDram(location) ? "DRAM granule " : "log granule ") + granule(location);
  }
}

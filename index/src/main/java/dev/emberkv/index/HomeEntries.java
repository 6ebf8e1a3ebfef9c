package dev.emberkv.index;

import dev.emberkv.uring.RawMemory;

/**
 * What the holder of a home's lock does to its entries.
 *
 * <p>Stateless; every method wants the home's lock held by the calling thread.
 */
final class HomeEntries {
  private HomeEntries() {}

  /**
   * Adds an entry: near its home, else where moving others makes room, else anywhere in the window,
   * else in the overflow.
   *
   * @param array the array that the home is in
   */
  static void insert(BucketArray array, long home, long entry, Overflow overflow) {
    assert Bucket.isLocked(RawMemory.getLong(home)) : "home is not locked";
    int displacement = Bucket.place(home, entry, Displacement.SOFT_LIMIT);
    if (displacement < 0) {
      displacement = Displacement.insert(array, home, entry, Displacement.SOFT_LIMIT);
    }
    if (displacement < 0) {
      displacement = Bucket.place(home, entry, Geometry.MAX_DISPLACEMENT);
    }
    if (displacement < 0) {
      displacement = Displacement.insert(array, home, entry, Geometry.MAX_DISPLACEMENT);
    }
    if (displacement < 0) {
      overflow.add(home, entry);
      RawMemory.putLongOpaque(home, RawMemory.getLong(home) | Bucket.OVERFLOW);
    } else {
      raiseMaxDisplacement(home, displacement);
    }
  }

  static void raiseMaxDisplacement(long home, int displacement) {
    long header = RawMemory.getLong(home);
    if (displacement > Bucket.maxDisplacement(header)) {
      RawMemory.putLongOpaque(home, Bucket.withMaxDisplacement(header, displacement));
    }
  }

  /** Puts {@code entry} where the one with this tag and location is; false when there is none. */
  static boolean replace(long home, long wanted, long location, long entry, Overflow overflow) {
    long header = RawMemory.getLong(home);
    assert Bucket.isLocked(header) : "home is not locked";
    long slot = slotOf(home, header, wanted, location);
    if (slot != 0) {
      RawMemory.putLongRelease(slot, entry);
      return true;
    }
    long old = overflowing(home, header, wanted, location, overflow);
    if (old != Entry.EMPTY) {
      overflow.replace(home, old, entry);
      return true;
    }
    return false;
  }

  /**
   * Removes the entry with this tag and location; false when there is none.
   *
   * @param array the array that the home is in
   */
  static boolean remove(
      long home, long wanted, long location, Overflow overflow, BucketArray array) {
    long header = RawMemory.getLong(home);
    assert Bucket.isLocked(header) : "home is not locked";
    long slot = slotOf(home, header, wanted, location);
    if (slot != 0) {
      RawMemory.putLongRelease(slot, Entry.EMPTY);
      if (slot - home >= Bucket.BYTES && slot >= Bucket.lastBucket(home, header)) {
        RawMemory.putLongOpaque(
            home, Bucket.withMaxDisplacement(header, furthest(home, header, array)));
      }
      return true;
    }
    long old = overflowing(home, header, wanted, location, overflow);
    if (old == Entry.EMPTY) {
      return false;
    }
    if (overflow.remove(home, old)) {
      RawMemory.putLongOpaque(home, header & ~Bucket.OVERFLOW);
    }
    return true;
  }

  private static long slotOf(long home, long header, long wanted, long location) {
    long last = Bucket.lastBucket(home, header);
    for (long bucket = home; bucket <= last; bucket += Bucket.BYTES) {
      for (int slot = 1; slot <= Bucket.SLOTS; slot++) {
        long entry = Bucket.entry(bucket, slot);
        if (Entry.location(entry) == location && Entry.matches(entry, wanted)) {
          return Bucket.slotAddress(bucket, slot);
        }
      }
    }
    return 0;
  }

  private static long overflowing(
      long home, long header, long wanted, long location, Overflow overflow) {
    if (Bucket.hasOverflow(header)) {
      for (long entry : overflow.get(home)) {
        if (Entry.location(entry) == location && Entry.matches(entry, wanted)) {
          return entry;
        }
      }
    }
    return Entry.EMPTY;
  }

  /**
   * Returns how far the furthest entry of the home is. Without this, in a table that stays the same
   * size while its keys change, every home's maximum would creep up to the worst it ever saw.
   */
  private static int furthest(long homeAddress, long header, BucketArray array) {
    long home = array.bucketAt(homeAddress);
    for (int displacement = Bucket.maxDisplacement(header); displacement > 0; displacement--) {
      long address = array.addressOf(home + displacement);
      for (int slot = 1; slot <= Bucket.SLOTS; slot++) {
        long entry = Bucket.entry(address, slot);
        if (entry != Entry.EMPTY
            && array.geometry.homeOf(array.geometry.hashOf(home + displacement, entry)) == home) {
          return displacement;
        }
      }
    }
    return 0;
  }
}

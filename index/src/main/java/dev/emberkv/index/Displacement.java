package dev.emberkv.index;

import dev.emberkv.uring.RawMemory;

/**
 * Makes room near a home by moving entries of later homes further on, as in hopscotch hashing (M.
 * Herlihy, N. Shavit, M. Tzafrir, DISC 2008).
 *
 * <p>Plain linear probing leaves the latest keys at the ends of the longest runs of full buckets.
 * The mean displacement of all entries is the same either way, but a run of 16 full buckets is
 * common at the loads that an index grows at, and every home whose last key went far makes lookups
 * of absent keys scan far. Keeping entries about in the order of their homes, the displacement
 * depends on how much a run is overfull, not on how long it is.
 *
 * <p>An entry is moved under its own home's lock, which is only tried, and it is in its new slot
 * before it leaves the old one. Stateless; the caller holds the lock of the home that it inserts
 * into.
 */
final class Displacement {
  /** Entries are not put further from their homes than this while others can be moved. */
  static final int SOFT_LIMIT = 4;

  /** How many buckets behind the window are searched for an empty slot. */
  private static final int SEARCH_BUCKETS = 128;

  private static final int ATTEMPTS = 4;

  private Displacement() {}

  /**
   * Puts an entry within {@code limit} buckets of its home, without moving others further than that
   * from theirs.
   *
   * @return how many buckets behind the home it went, or -1 when nothing could be moved
   */
  static int insert(BucketArray array, long homeAddress, long entry, int limit) {
    long lastWanted = array.bucketAt(homeAddress) + limit;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      long hole = firstEmptySlot(array, lastWanted + 1);
      while (hole != 0) {
        hole = moveInto(array, hole, lastWanted, entry, limit);
        if (hole != 0 && array.bucketAt(hole) <= lastWanted) {
          return limit - (int) (lastWanted - array.bucketAt(hole));
        }
      }
    }
    return -1;
  }

  private static long firstEmptySlot(BucketArray array, long from) {
    long end = Math.min(from + SEARCH_BUCKETS, array.geometry.buckets());
    for (long bucket = from; bucket < end; bucket++) {
      long address = array.addressOf(bucket);
      for (int slot = 1; slot <= Bucket.SLOTS; slot++) {
        if (Bucket.entry(address, slot) == Entry.EMPTY) {
          return Bucket.slotAddress(address, slot);
        }
      }
    }
    return 0;
  }

  /**
   * Moves the entry that is furthest before an empty slot and may live there into it.
   *
   * @return the slot that it left, which holds {@code entry} when it is not behind {@code
   *     lastWanted} and is empty otherwise; or 0 when no entry could be moved
   */
  private static long moveInto(
      BucketArray array, long hole, long lastWanted, long entry, int limit) {
    long target = array.bucketAt(hole);
    for (long bucket = target - limit; bucket < target; bucket++) {
      long address = array.addressOf(bucket);
      for (int slot = 1; slot <= Bucket.SLOTS; slot++) {
        long moving = Bucket.entry(address, slot);
        if (moving != Entry.EMPTY) {
          long home = array.geometry.homeOf(array.geometry.hashOf(bucket, moving));
          long slotAddress = Bucket.slotAddress(address, slot);
          long left = bucket <= lastWanted ? entry : Entry.EMPTY;
          if (home >= target - limit
              && move(array, home, slotAddress, moving, hole, target, left)) {
            return slotAddress;
          }
        }
      }
    }
    return 0;
  }

  private static boolean move(
      BucketArray array, long home, long from, long moving, long hole, long target, long left) {
    long homeAddress = array.addressOf(home);
    if (!HomeLock.tryLock(homeAddress)) {
      return false;
    }
    if (RawMemory.getLongOpaque(from) != moving
        || !RawMemory.compareAndSetLong(hole, Entry.EMPTY, moving)) {
      HomeLock.unlockUnchanged(homeAddress);
      return false;
    }
    HomeEntries.raiseMaxDisplacement(homeAddress, (int) (target - home));
    RawMemory.putLongRelease(from, left);
    HomeLock.unlock(homeAddress);
    return true;
  }
}

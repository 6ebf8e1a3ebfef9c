package dev.emberkv.index;

import dev.emberkv.uring.RawMemory;
import java.util.Arrays;

/**
 * Moves the entries of one home bucket from an array to the next larger one.
 *
 * <p>State owner: the holder of the {@linkplain Directory growth lock}. Lock order: growth lock,
 * home in the old array, homes in the new array; the homes are only tried, never waited for, so a
 * thread that holds a home's lock while it drives a migration cannot deadlock, with itself or with
 * others.
 *
 * <p><b>Memory order.</b> All is done under the old home's lock, in this order: entries go into the
 * new array; the old slots are cleared (release); the layout's front moves past the home (release);
 * the old header becomes {@link Bucket#MOVED} (release). Now take any reader or writer of the home.
 *
 * <ul>
 *   <li>It saw the front behind the home: then it sees the entries in the new array, because the
 *       front is loaded with acquire.
 *   <li>It did not, and went to the old home. Before the move it has a header that validation
 *       compares with; the lock bit or MOVED differ from it. During the move it waits for the lock
 *       bit to go. After it, it reads MOVED with acquire, so when it asks the layout again, the
 *       front is behind the home. Memory that was given back reads as zeros, which is MOVED.
 *   <li>A writer that holds the old home's lock keeps the home from moving.
 * </ul>
 *
 * <p>A home of the new array may take keys of two old homes of which only one has moved. That is
 * harmless: each key's way is decided by the front alone, and a key is in one array at a time.
 */
final class Migration {
  private final HashResolver resolver;
  private final Overflow overflow;

  /** Slots, entries for the new array and their homes there; scratch of one {@link #move}. */
  private long[] slots = new long[16 * Bucket.SLOTS];

  private long[] entries = new long[slots.length];
  private long[] homes = new long[slots.length];
  private int count;
  private long resolved;

  Migration(HashResolver resolver, Overflow overflow) {
    this.resolver = resolver;
    this.overflow = overflow;
  }

  /** Returns how many entries had to be resolved through their rows. */
  long resolved() {
    return resolved;
  }

  /**
   * Moves the home at the front of a growing layout and moves the front.
   *
   * @return false when a lock was taken; nothing has changed then
   */
  boolean move(Layout layout, BucketArray from, BucketArray to) {
    long home = layout.front();
    long oldHome = from.addressOf(home);
    if (!HomeLock.tryLock(oldHome)) {
      return false;
    }
    long firstHash = from.geometry.firstHash(home);
    long endHash = from.geometry.firstHash(home + 1);
    long first = to.geometry.homeOf(firstHash);
    long last = to.geometry.homeOf(endHash - 1);
    to.initializeThrough(last);
    if (!lockAll(to, first, last)) {
      HomeLock.unlockUnchanged(oldHome);
      return false;
    }
    boolean collected = false;
    try {
      collect(from, to, oldHome, firstHash, endHash);
      collected = true;
    } finally {
      if (!collected) {
        unlockAll(to, first, last);
        HomeLock.unlockUnchanged(oldHome);
      }
    }
    placeAll(to, oldHome);
    unlockAll(to, first, last);
    layout.advance(home + 1);
    RawMemory.putLongRelease(oldHome, Bucket.MOVED);
    return true;
  }

  private static boolean lockAll(BucketArray array, long first, long last) {
    for (long home = first; home <= last; home++) {
      if (!HomeLock.tryLock(array.addressOf(home))) {
        unlockAll(array, first, home - 1);
        return false;
      }
    }
    return true;
  }

  private static void unlockAll(BucketArray array, long first, long last) {
    for (long home = first; home <= last; home++) {
      HomeLock.unlock(array.addressOf(home));
    }
  }

  private void collect(BucketArray from, BucketArray to, long home, long firstHash, long endHash) {
    count = 0;
    long firstTag = from.geometry.firstTag(firstHash);
    long width = from.geometry.firstTag(endHash) - firstTag;
    long header = RawMemory.getLong(home);
    long lastBucket = Bucket.lastBucket(home, header);
    for (long bucket = home; bucket <= lastBucket; bucket += Bucket.BYTES) {
      for (int slot = 1; slot <= Bucket.SLOTS; slot++) {
        long entry = Bucket.entry(bucket, slot);
        if (entry != Entry.EMPTY && Long.compareUnsigned(entry - firstTag, width) < 0) {
          long hash = from.geometry.hashIn(firstHash, entry);
          add(Bucket.slotAddress(bucket, slot), entry, hash, from, to);
        }
      }
    }
    if (Bucket.hasOverflow(header)) {
      for (long entry : overflow.get(home)) {
        add(0, entry, from.geometry.hashIn(firstHash, entry), from, to);
      }
    }
  }

  /**
   * Notes an entry for {@link #placeAll}.
   *
   * @param knownHash right in the bits that tell the home, in either array
   */
  private void add(long slot, long entry, long knownHash, BucketArray from, BucketArray to) {
    long hash = knownHash;
    long moved = entry;
    if (to.geometry.tagBase() != from.geometry.tagBase()) {
      if (Entry.knownBits(entry) > Entry.MIN_BITS) {
        moved = Entry.rebased(entry);
      } else {
        hash = resolve(entry, knownHash, from);
        moved = Entry.fresh(hash, to.geometry.tagBase(), Entry.location(entry));
      }
    }
    if (count == slots.length) {
      slots = Arrays.copyOf(slots, 2 * count);
      entries = Arrays.copyOf(entries, 2 * count);
      homes = Arrays.copyOf(homes, 2 * count);
    }
    slots[count] = slot;
    entries[count] = moved;
    homes[count++] = to.homeOf(hash);
  }

  private long resolve(long entry, long knownHash, BucketArray from) {
    long location = Entry.location(entry);
    long hash = resolver.hashOf(location);
    if (from.geometry.homeOf(hash) != from.geometry.homeOf(knownHash)) {
      throw new IllegalStateException(
          "the row at %s has another hash than its index entry: %x, not %x..."
              .formatted(Location.describe(location), hash, knownHash));
    }
    resolved++;
    return hash;
  }

  private void placeAll(BucketArray to, long oldHome) {
    for (int i = 0; i < count; i++) {
      HomeEntries.insert(to, homes[i], entries[i], overflow);
    }
    for (int i = 0; i < count; i++) {
      if (slots[i] != 0) {
        RawMemory.putLongRelease(slots[i], Entry.EMPTY);
      }
    }
    if (Bucket.hasOverflow(RawMemory.getLong(oldHome))) {
      overflow.removeAll(oldHome);
    }
  }
}

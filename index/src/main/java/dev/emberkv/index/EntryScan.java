package dev.emberkv.index;

import java.util.Arrays;

/**
 * Walks the entries of an index in hash order while it is in use.
 *
 * <p>The position is a hash, not a bucket, so a growth in between neither hides nor repeats an
 * entry: each step takes the entries whose hash lies between the position and the end of its home,
 * or of its home in the old array if that ends earlier, as keys behind that may not have moved yet.
 *
 * <p>Not thread-safe; made for one walk.
 */
public final class EntryScan {
  private final Directory directory;
  private final Overflow overflow;
  private long[] hashes = new long[16 * Bucket.SLOTS];
  private long[] entries = new long[hashes.length];
  private int count;
  private long lastHome;
  private long lastHeader;

  EntryScan(Directory directory, Overflow overflow) {
    this.directory = directory;
    this.overflow = overflow;
  }

  void run(EntryVisitor visitor) {
    long cursor = 0;
    do {
      cursor = step(cursor, visitor);
    } while (cursor != 0);
  }

  /**
   * Visits one home's entries from {@code cursor} on and returns the next position, 0 at the end.
   * Positions are hashes, so they stay good whatever the index does between two steps: who begins
   * at 0 and goes on to the end visits every entry once that is there all the time. The last 8 bits
   * of a position are 0.
   */
  public long step(long cursor, EntryVisitor visitor) {
    while (true) {
      Layout layout = directory.layout();
      long home = layout.homeOf(cursor);
      long header = HomeLock.awaitUnlocked(home);
      BucketArray array = layout.arrayOf(home);
      if (header == Bucket.MOVED || array == null) {
        continue;
      }
      long end = lastHash(layout.current, cursor);
      if (array != layout.current) {
        long endInNext = lastHash(array, cursor);
        end = Long.compareUnsigned(end, endInNext) < 0 ? end : endInNext;
      }
      collect(array, home, header, cursor, end);
      if (HomeLock.unchanged(home, header)) {
        lastHome = home;
        lastHeader = header;
        for (int i = 0; i < count; i++) {
          visitor.entry(
              hashes[i],
              array.geometry.tagBase() + Entry.knownBits(entries[i]),
              Entry.location(entries[i]));
        }
        return end + 1;
      }
    }
  }

  /**
   * Returns whether nothing was changed about the home of the last step since it was read: then the
   * rows in DRAM that were read meanwhile, at the locations that it visited, were those of its
   * entries.
   */
  public boolean isUnchanged() {
    return HomeLock.unchanged(lastHome, lastHeader);
  }

  private static long lastHash(BucketArray array, long hash) {
    return array.geometry.lastHash(array.geometry.homeOf(hash));
  }

  private void collect(BucketArray array, long home, long header, long from, long to) {
    count = 0;
    long number = array.bucketAt(home);
    for (int displacement = 0; displacement <= Bucket.maxDisplacement(header); displacement++) {
      for (int slot = 1; slot <= Bucket.SLOTS; slot++) {
        long entry = Bucket.entry(array.addressOf(number + displacement), slot);
        add(array, number, number + displacement, entry, from, to);
      }
    }
    if (Bucket.hasOverflow(header)) {
      for (long entry : overflow.get(home)) {
        add(array, number, number, entry, from, to);
      }
    }
  }

  private void add(BucketArray array, long home, long bucket, long entry, long from, long to) {
    if (entry == Entry.EMPTY) {
      return;
    }
    long hash = array.geometry.hashOf(bucket, entry);
    if (array.geometry.homeOf(hash) != home
        || Long.compareUnsigned(hash, from) < 0
        || Long.compareUnsigned(hash, to) > 0) {
      return;
    }
    if (count == hashes.length) {
      hashes = Arrays.copyOf(hashes, 2 * count);
      entries = Arrays.copyOf(entries, 2 * count);
    }
    hashes[count] = hash;
    entries[count++] = entry;
  }
}

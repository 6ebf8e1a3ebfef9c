package dev.emberkv.engine;

import dev.emberkv.index.HashIndex;
import dev.emberkv.index.Location;
import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The working memory of a batch, and the two phases that reads and writes have in common, each over
 * one chunk of keys, so that the cache misses of different keys overlap: load the line of every
 * bucket, then find every entry and load the lines of its row.
 *
 * <p>Not thread-safe; {@link Epoch} gives each operation inside one to itself.
 */
final class BatchScratch {
  /** Keys of one chunk: what their rows take in the second-level cache is a fraction of it. */
  static final int CHUNK = 64;

  /** The most keys that are found before the rows of the first of them are copied. */
  static final int WINDOW = 64 * CHUNK;

  /** In place of a location: the bucket changed while it was looked at. */
  static final long RACED = -2;

  private static final int LINE_BYTES = 64;
  private static final int MAX_TOUCHED_BYTES = 16 * LINE_BYTES;

  long[] ids = new long[CHUNK];
  long[] hashes = new long[CHUNK];
  long[] homes = new long[CHUNK];
  long[] headers = new long[CHUNK];
  long[] locations = new long[CHUNK];

  /** Addresses of the slots of rows in DRAM; of no meaning for other keys. */
  long[] slots = new long[CHUNK];

  /** Keeps the touching loads alive: the compiler must not drop what has no other effect. */
  @SuppressWarnings("UnusedVariable")
  private int touched;

  /**
   * Takes {@code size} keys from the {@code first} on, finds the entries of their tags and loads
   * the lines of their rows.
   */
  void find(Keyspace keyspace, MemorySegment keys, long first, int size, int payloadBytes) {
    findEntries(keyspace, keys, first, 0, size);
    touchRows(0, size, payloadBytes);
  }

  /** Makes room for {@link #WINDOW} keys. */
  void widen() {
    if (ids.length < WINDOW) {
      ids = new long[WINDOW];
      hashes = new long[WINDOW];
      homes = new long[WINDOW];
      headers = new long[WINDOW];
      locations = new long[WINDOW];
      slots = new long[WINDOW];
    }
  }

  /**
   * Takes {@code size} keys, at most a chunk, from the {@code first} on and finds the entries of
   * their tags.
   *
   * @param from where they stand in the arrays
   */
  void findEntries(Keyspace keyspace, MemorySegment keys, long first, int from, int size) {
    long offset = first * Long.BYTES;
    MemorySegment.copy(keys, ValueLayout.JAVA_LONG_UNALIGNED, offset, ids, from, size);
    int to = from + size;
    for (int i = from; i < to; i++) {
      long hash = keyspace.hash(ids[i]);
      hashes[i] = hash;
      homes[i] = keyspace.index.home(hash);
    }
    touch(homes, from, to, 1);
    findEntries(keyspace, from, to);
  }

  /** Loads the lines of the rows of {@code size} keys, at most a chunk. */
  void touchRows(int from, int size, int payloadBytes) {
    touch(slots, from, from + size, Math.min(Slot.HEADER_BYTES + payloadBytes, MAX_TOUCHED_BYTES));
  }

  private void findEntries(Keyspace keyspace, int from, int to) {
    HashIndex index = keyspace.index;
    for (int i = from; i < to; i++) {
      long home = homes[i];
      long header = HashIndex.version(home);
      long location = header == HashIndex.MOVED ? RACED : index.find(home, header, hashes[i]);
      headers[i] = header;
      locations[i] = location;
      boolean hot = location >= 0 && Location.isDram(location);
      // what is not in DRAM has a line that is there already in its place: no branch when touching
      slots[i] = hot ? keyspace.slotAddress(location) : home;
    }
  }

  /**
   * Loads a byte of each line of some bytes at every address. Nothing else is in these loops, so
   * the processor sees as many of the loads at once as it can have under way.
   */
  private void touch(long[] addresses, int from, int to, int bytes) {
    int sum = 0;
    for (int at = 0; at < bytes; at += LINE_BYTES) {
      for (int i = from; i < to; i++) {
        sum += RawMemory.getByte(addresses[i] + at);
      }
    }
    touched = sum;
  }

  /** Returns whether a chunk's entry is in DRAM. */
  boolean isHot(int i) {
    return locations[i] >= 0 && Location.isDram(locations[i]);
  }

  /** Returns whether a chunk's entry is on the device. */
  boolean isCold(int i) {
    return locations[i] >= 0 && !Location.isDram(locations[i]);
  }
}

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

  /** In place of a location: the bucket changed while it was looked at. */
  static final long RACED = -2;

  private static final int LINE_BYTES = 64;
  private static final int MAX_TOUCHED_BYTES = 16 * LINE_BYTES;

  final long[] ids = new long[CHUNK];
  final long[] hashes = new long[CHUNK];
  final long[] homes = new long[CHUNK];
  final long[] headers = new long[CHUNK];
  final long[] locations = new long[CHUNK];

  /** Addresses of the slots of rows in DRAM; of no meaning for other keys. */
  final long[] slots = new long[CHUNK];

  /** Keeps the touching loads alive: the compiler must not drop what has no other effect. */
  @SuppressWarnings("UnusedVariable")
  private int touched;

  /** Takes {@code size} keys from the {@code first} on and finds the entries of their tags. */
  void find(Keyspace keyspace, MemorySegment keys, long first, int size, int payloadBytes) {
    MemorySegment.copy(keys, ValueLayout.JAVA_LONG_UNALIGNED, first * Long.BYTES, ids, 0, size);
    for (int i = 0; i < size; i++) {
      long hash = keyspace.hash(ids[i]);
      hashes[i] = hash;
      homes[i] = keyspace.index.home(hash);
    }
    touch(homes, size, 1);
    findEntries(keyspace, size);
    touch(slots, size, Math.min(Slot.HEADER_BYTES + payloadBytes, MAX_TOUCHED_BYTES));
  }

  private void findEntries(Keyspace keyspace, int size) {
    HashIndex index = keyspace.index;
    for (int i = 0; i < size; i++) {
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
  private void touch(long[] addresses, int size, int bytes) {
    int sum = 0;
    for (int at = 0; at < bytes; at += LINE_BYTES) {
      for (int i = 0; i < size; i++) {
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

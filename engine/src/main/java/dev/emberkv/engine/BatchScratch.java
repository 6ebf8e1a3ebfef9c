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
  static final int CHUNK = 256;

  /** In place of a location: the bucket changed while it was looked at. */
  static final long RACED = -2;

  private static final int LINE_BYTES = 64;

  final long[] ids = new long[CHUNK];
  final long[] hashes = new long[CHUNK];
  final long[] homes = new long[CHUNK];
  final long[] headers = new long[CHUNK];
  final long[] locations = new long[CHUNK];

  /** Keeps the touching loads alive: the compiler must not drop what has no other effect. */
  @SuppressWarnings("UnusedVariable")
  private long touched;

  /** Takes {@code size} keys from the {@code first} on, hashes them and loads their buckets. */
  void touchBuckets(Keyspace keyspace, MemorySegment keys, long first, int size) {
    MemorySegment.copy(keys, ValueLayout.JAVA_LONG_UNALIGNED, first * Long.BYTES, ids, 0, size);
    HashIndex index = keyspace.index;
    long sum = 0;
    for (int i = 0; i < size; i++) {
      long hash = keyspace.hash(ids[i]);
      long home = index.home(hash);
      hashes[i] = hash;
      homes[i] = home;
      sum += RawMemory.getLong(home);
    }
    touched = sum;
  }

  /** Finds the first entry of each key's tag, and loads the lines of the rows in DRAM. */
  void findEntries(Keyspace keyspace, int size, int payloadBytes) {
    HashIndex index = keyspace.index;
    int slotBytes = Math.min(Slot.HEADER_BYTES + payloadBytes, 16 * LINE_BYTES);
    long sum = 0;
    for (int i = 0; i < size; i++) {
      long header = HashIndex.version(homes[i]);
      long location = header == HashIndex.MOVED ? RACED : index.find(homes[i], header, hashes[i]);
      headers[i] = header;
      locations[i] = location;
      if (location >= 0 && Location.isDram(location)) {
        long slot = keyspace.slotAddress(location);
        for (int at = 0; at < slotBytes; at += LINE_BYTES) {
          sum += RawMemory.getLong(slot + at);
        }
      }
    }
    touched = sum;
  }

  /** Returns whether a chunk's entry is on the device. */
  boolean isCold(int i) {
    return locations[i] >= 0 && !Location.isDram(locations[i]);
  }
}

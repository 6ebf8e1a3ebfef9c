package dev.emberkv.engine;

import dev.emberkv.index.HashIndex;
import dev.emberkv.index.KeyHash;
import dev.emberkv.index.Location;
import dev.emberkv.uring.RawMemory;

/**
 * A thread's working memory for string keys: the key and the row of the call under way, and the
 * phases in which a batch of keys is found, so that the cache misses of different keys overlap.
 *
 * <p>Not thread-safe; {@link Epoch} gives each operation inside one to itself.
 */
final class StringProbe {
  /** Keys of one chunk. */
  static final int CHUNK = 32;

  private static final int LINE_BYTES = 64;
  private static final int TOUCHED_LINES = 5;

  final RowKey.Text key = new RowKey.Text();
  final RowSource.Text row = new RowSource.Text(key);

  final long[] hashes = new long[CHUNK];
  final long[] homes = new long[CHUNK];
  final long[] headers = new long[CHUNK];

  /** The slot of the first entry with the key's tag, or 0 when that is not in DRAM. */
  final long[] slots = new long[CHUNK];

  /** Keeps the touching loads alive: the compiler must not drop what has no other effect. */
  @SuppressWarnings("UnusedVariable")
  private long touched;

  /** Finds the entries of {@code size} keys from the {@code first} on and loads their lines. */
  void find(Keyspace keyspace, StringBatch keys, int first, int size, long hashSeed) {
    for (int i = 0; i < size; i++) {
      int n = first + i;
      hashes[i] = KeyHash.ofBytes(keys.data(), keys.keyOffset(n), keys.keyBytes(n), hashSeed);
      homes[i] = keyspace.index.home(hashes[i]);
    }
    long sum = 0;
    for (int i = 0; i < size; i++) {
      sum += RawMemory.getLongOpaque(homes[i]);
    }
    for (int i = 0; i < size; i++) {
      long header = HashIndex.version(homes[i]);
      headers[i] = header;
      long location =
          header == HashIndex.MOVED
              ? Location.NONE
              : keyspace.index.find(homes[i], header, hashes[i]);
      boolean hot = location != Location.NONE && Location.isDram(location);
      slots[i] = hot ? keyspace.slotAddress(location) : 0;
    }
    for (int line = 0; line < TOUCHED_LINES; line++) {
      for (int i = 0; i < size; i++) {
        // What is not in DRAM has a line that is there already in its place: no branch.
        sum += RawMemory.getByte(slots[i] == 0 ? homes[i] : slots[i] + (long) line * LINE_BYTES);
      }
    }
    touched = sum;
  }

  /** Makes {@link #key} the n-th key of a batch, the i-th of the chunk. */
  RowKey.Text keyOf(StringBatch keys, int n, int i) {
    return key.of(hashes[i], keys.data(), keys.keyOffset(n), keys.keyBytes(n));
  }
}

package dev.emberkv.engine;

import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;

/**
 * The newest record of each key that a scan of the log has seen: an open-addressing table outside
 * of the heap, which exists only while a store opens. 24 bytes a cell:
 *
 * <pre>
 *    0  u64 key field of the record
 *    8  u64 sequence, 0 for a free cell
 *   16  u64 | check : 25 | deleted : 1 | location : 38 |
 * </pre>
 *
 * <p>The check tells string keys apart whose 64-bit hashes are the same. Not thread-safe.
 */
final class RecoveryMap implements AutoCloseable {
  private static final int CELL_BYTES = 24;
  private static final long LOCATION_MASK = (1L << 38) - 1;
  private static final long DELETED = 1L << 38;
  private static final int CHECK_SHIFT = 39;

  private NativeMemory cells = NativeMemory.reserve(NativeMemory.HUGE_PAGE_BYTES);
  private long mask = Long.highestOneBit(cells.sizeBytes() / CELL_BYTES) - 1;
  private long size;

  /** Receives the rows that are alive. */
  @FunctionalInterface
  interface Visitor {
    void row(long key, long sequence, long location);
  }

  /** Packs where a record is, whether it is a tombstone, and the check of its key. */
  static long place(int check, long location, boolean deleted) {
    return (long) check << CHECK_SHIFT | (deleted ? DELETED : 0) | location;
  }

  /** Notes a record; of two with one key, the one with the higher sequence stays. */
  void put(long key, long sequence, long place) {
    if (size * 10 > (mask + 1) * 7) {
      grow();
    }
    long cell = cellOf(key, place >>> CHECK_SHIFT << CHECK_SHIFT);
    long seen = RawMemory.getLong(cell + 8);
    if (seen == 0) {
      size++;
    }
    if (sequence >= seen) {
      RawMemory.putLong(cell, key);
      RawMemory.putLong(cell + 8, sequence);
      RawMemory.putLong(cell + 16, place);
    }
  }

  /** Returns the cell of a key, or the free one where it belongs. */
  private long cellOf(long key, long identity) {
    long at = (key * 0x9e3779b97f4a7c15L ^ identity) >>> 20;
    while (true) {
      long cell = cells.address() + (at & mask) * CELL_BYTES;
      if (RawMemory.getLong(cell + 8) == 0
          || (RawMemory.getLong(cell) == key
              && RawMemory.getLong(cell + 16) >>> CHECK_SHIFT == identity >>> CHECK_SHIFT)) {
        return cell;
      }
      at++;
    }
  }

  private void grow() {
    NativeMemory old = cells;
    long oldCells = mask + 1;
    cells = NativeMemory.reserve(oldCells * 2 * CELL_BYTES);
    mask = oldCells * 2 - 1;
    for (long i = 0; i < oldCells; i++) {
      long from = old.address() + i * CELL_BYTES;
      if (RawMemory.getLong(from + 8) != 0) {
        long identity = RawMemory.getLong(from + 16) >>> CHECK_SHIFT << CHECK_SHIFT;
        RawMemory.copy(from, cellOf(RawMemory.getLong(from), identity), CELL_BYTES);
      }
    }
    old.close();
  }

  /** Visits the keys whose newest record is no tombstone and is newer than {@code sequence}. */
  void forEachNewerThan(long sequence, Visitor visitor) {
    for (long i = 0; i <= mask; i++) {
      long cell = cells.address() + i * CELL_BYTES;
      long newest = RawMemory.getLong(cell + 8);
      long place = RawMemory.getLong(cell + 16);
      if (newest > sequence && (place & DELETED) == 0) {
        visitor.row(RawMemory.getLong(cell), newest, place & LOCATION_MASK);
      }
    }
  }

  @Override
  public void close() {
    cells.close();
  }
}

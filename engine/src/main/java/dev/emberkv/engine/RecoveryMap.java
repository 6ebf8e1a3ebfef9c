package dev.emberkv.engine;

import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;

/**
 * The newest record of each key of one range of hashes: an open-addressing table outside of the
 * heap that stays in the processor's cache, made anew for each range. 24 bytes a cell:
 *
 * <pre>
 *    0  u64 hash of the key, by which the store's index knows it
 *    8  u64 version: | sequence : 63 | counted at once : 1 |, 0 for a free cell
 *   16  u64 place: | check : 25 | deleted : 1 | location : 38 |
 * </pre>
 *
 * <p>The check tells string keys apart whose 64-bit hashes are the same; the hash of an id is the
 * id's alone. Cells are in the order of the hashes, give or take a few, as are the buckets of the
 * index: who goes from one to the other touches both from front to back.
 *
 * <p>Not thread-safe.
 */
final class RecoveryMap implements AutoCloseable {
  /** What {@link #put} returns when no record lost. */
  static final long NO_PLACE = -1;

  private static final int CELL_BYTES = 24;
  private static final int LEAST_BITS = 4;
  private static final long LOCATION_MASK = (1L << 38) - 1;
  private static final long DELETED = 1L << 38;
  private static final int CHECK_SHIFT = 39;

  private final PlaceOrder order;
  private NativeMemory cells = NativeMemory.reserve(NativeMemory.HUGE_PAGE_BYTES);
  private int bits = LEAST_BITS;
  private int rangeBits;
  private long size;

  /** Says which of two places comes later in the log. */
  @FunctionalInterface
  interface PlaceOrder {
    boolean isLater(long location, long other);
  }

  /** Receives the newest records. */
  @FunctionalInterface
  interface Visitor {
    void row(long hash, long version, long place);
  }

  RecoveryMap(PlaceOrder order) {
    this.order = order;
  }

  /** Packs where a record is, whether it is a tombstone, and the check of its key. */
  static long place(int check, long location, boolean deleted) {
    return (long) check << CHECK_SHIFT | (deleted ? DELETED : 0) | location;
  }

  /** Returns whether a place is a tombstone's. */
  static boolean isDeletion(long place) {
    return (place & DELETED) != 0;
  }

  static long location(long place) {
    return place & LOCATION_MASK;
  }

  static long version(long sequence, boolean atOnce) {
    return sequence << 1 | (atOnce ? 1 : 0);
  }

  static long sequence(long version) {
    return version >>> 1;
  }

  static boolean countsAtOnce(long version) {
    return (version & 1) != 0;
  }

  /**
   * Starts over with another range.
   *
   * @param records how many will be put at most
   * @param newRangeBits how many of the hashes' first bits are the same
   */
  void start(long records, int newRangeBits) {
    rangeBits = newRangeBits;
    size = 0;
    bits = Math.max(LEAST_BITS, Long.SIZE - Long.numberOfLeadingZeros(records + records / 2));
    long needed = (long) CELL_BYTES << bits;
    if (needed > cells.sizeBytes()) {
      cells.close();
      cells = NativeMemory.reserve(needed);
    } else {
      RawMemory.clear(cells.address(), needed);
    }
  }

  /**
   * Notes a record. Of two with one key, the one with the higher sequence stays. A batch that names
   * a key twice leaves two with the same sequence, of which the second one counts: the one that
   * comes later in the log, unless cleaning has copied it, and copies count at once.
   *
   * @return the place of the record that lost, or {@link #NO_PLACE}
   */
  long put(long hash, long version, long place) {
    long cell = cellOf(hash, place >>> CHECK_SHIFT);
    long seen = RawMemory.getLong(cell + 8);
    long lost = NO_PLACE;
    if (seen == 0) {
      size++;
    } else {
      lost = RawMemory.getLong(cell + 16);
      if (version < seen || (version == seen && order.isLater(location(lost), location(place)))) {
        return place;
      }
    }
    RawMemory.putLong(cell, hash);
    RawMemory.putLong(cell + 8, version);
    RawMemory.putLong(cell + 16, place);
    return lost;
  }

  /** Returns the cell of a key, or the free one where it belongs. */
  private long cellOf(long hash, long check) {
    long at = (hash << rangeBits) >>> -bits;
    while (true) {
      long cell = cells.address() + at * CELL_BYTES;
      if (RawMemory.getLong(cell + 8) == 0
          || (RawMemory.getLong(cell) == hash
              && RawMemory.getLong(cell + 16) >>> CHECK_SHIFT == check)) {
        return cell;
      }
      at = (at + 1) & ((1L << bits) - 1);
    }
  }

  /** Returns the number of keys, those that were deleted among them. */
  long size() {
    return size;
  }

  /** Visits the newest records in the order of their hashes, give or take a few. */
  void forEach(Visitor visitor) {
    long end = cells.address() + ((long) CELL_BYTES << bits);
    for (long cell = cells.address(); cell < end; cell += CELL_BYTES) {
      long version = RawMemory.getLong(cell + 8);
      if (version != 0) {
        visitor.row(RawMemory.getLong(cell), version, RawMemory.getLong(cell + 16));
      }
    }
  }

  @Override
  public void close() {
    cells.close();
  }
}

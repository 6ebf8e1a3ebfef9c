package dev.emberkv.engine;

import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The newest record of each key that a scan of the log has seen: an open-addressing table outside
 * of the heap, which exists only while a store opens. 24 bytes a cell:
 *
 * <pre>
 *    0  u64 hash of the key, by which the store's index knows it
 *    8  u64 | sequence : 63 | counted at once : 1 |, 0 for a free cell
 *   16  u64 | check : 25 | deleted : 1 | location : 38 |
 * </pre>
 *
 * <p>The check tells string keys apart whose 64-bit hashes are the same; the hash of an id is the
 * id's alone. Cells are in the order of the hashes, give or take a few, as are the buckets of the
 * index: who goes from one to the other touches both from front to back.
 *
 * <p>Not thread-safe; it uses threads of its own to be visited.
 */
final class RecoveryMap implements AutoCloseable {
  private static final int CELL_BYTES = 24;
  private static final long LOCATION_MASK = (1L << 38) - 1;
  private static final long DELETED = 1L << 38;
  private static final int CHECK_SHIFT = 39;
  private static final int START_BITS = 16;

  private int bits = START_BITS;
  private NativeMemory cells = NativeMemory.reserve((long) CELL_BYTES << START_BITS);
  private long size;

  /** From how many cells on several threads visit them. */
  private static final long PARALLEL_CELLS = 1L << 18;

  /** Receives the rows that are alive; from several threads if there are many. */
  @FunctionalInterface
  interface Visitor {
    void row(long hash, long sequence, long location);
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

  /** Loads what {@link #put} will look at first, so that the cache misses of many keys overlap. */
  int approach(long hash) {
    return RawMemory.getByte(address(hash >>> -bits));
  }

  /**
   * Notes a record. Of two with one key, the one with the higher sequence stays. A batch that names
   * a key twice leaves two with the same sequence, of which the second one counts: the one that
   * comes later in the log, unless cleaning has copied it, and copies count at once.
   */
  void put(long hash, long sequence, boolean atOnce, long place) {
    long version = sequence << 1 | (atOnce ? 1 : 0);
    if (size * 10 > (1L << bits) * 7) {
      grow();
    }
    long cell = cellOf(hash, place >>> CHECK_SHIFT);
    long seen = RawMemory.getLong(cell + 8);
    if (seen == 0) {
      size++;
    }
    if (version >= seen) {
      RawMemory.putLong(cell, hash);
      RawMemory.putLong(cell + 8, version);
      RawMemory.putLong(cell + 16, place);
    }
  }

  /** Returns the cell of a key, or the free one where it belongs. */
  private long cellOf(long hash, long check) {
    long at = hash >>> -bits;
    while (true) {
      long cell = address(at);
      if (RawMemory.getLong(cell + 8) == 0
          || (RawMemory.getLong(cell) == hash
              && RawMemory.getLong(cell + 16) >>> CHECK_SHIFT == check)) {
        return cell;
      }
      at = (at + 1) & ((1L << bits) - 1);
    }
  }

  private long address(long at) {
    return cells.address() + at * CELL_BYTES;
  }

  private void grow() {
    NativeMemory old = cells;
    long oldCells = 1L << bits;
    bits++;
    cells = NativeMemory.reserve((long) CELL_BYTES << bits);
    for (long i = 0; i < oldCells; i++) {
      long from = old.address() + i * CELL_BYTES;
      if (RawMemory.getLong(from + 8) != 0) {
        long check = RawMemory.getLong(from + 16) >>> CHECK_SHIFT;
        RawMemory.copy(from, cellOf(RawMemory.getLong(from), check), CELL_BYTES);
      }
    }
    old.close();
  }

  /** Returns the number of keys, those that were deleted among them. */
  long size() {
    return size;
  }

  /**
   * Visits the keys whose newest record is no tombstone and is newer than {@code sequence}; each
   * thread goes through a range of hashes in their order.
   */
  void forEachNewerThan(long sequence, Visitor visitor) {
    long all = 1L << bits;
    int parts = all < PARALLEL_CELLS ? 1 : Runtime.getRuntime().availableProcessors();
    List<Future<?>> running = new ArrayList<>();
    try (ExecutorService threads =
        Executors.newFixedThreadPool(
            parts, Thread.ofPlatform().daemon().name("ember-recovery-", 0).factory())) {
      for (int part = 0; part < parts; part++) {
        long from = all / parts * part;
        long to = part == parts - 1 ? all : all / parts * (part + 1);
        running.add(threads.submit(() -> visit(from, to, sequence, visitor)));
      }
    }
    for (Future<?> part : running) {
      if (part.state() == Future.State.FAILED) {
        throw part.exceptionNow() instanceof RuntimeException e
            ? e
            : new IllegalStateException("filling the index", part.exceptionNow());
      }
    }
  }

  private void visit(long from, long to, long sequence, Visitor visitor) {
    for (long i = from; i < to; i++) {
      long cell = address(i);
      long newest = RawMemory.getLong(cell + 8) >>> 1;
      long place = RawMemory.getLong(cell + 16);
      if (newest > sequence && !isDeletion(place)) {
        visitor.row(RawMemory.getLong(cell), newest, location(place));
      }
    }
  }

  @Override
  public void close() {
    cells.close();
  }
}

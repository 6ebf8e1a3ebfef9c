package dev.emberkv.engine;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;

/**
 * A table of fixed-width rows under 64-bit ids; every id is legal.
 *
 * <p>Thread-safe. Packed ids are little-endian {@code u64}s, packed rows stand one behind the other
 * without separators; any segment will do for either, on the heap or off it. A batch is not a
 * transaction for readers: each row is read or written whole, but a reader may see some rows of a
 * batch before others.
 */
public interface Table {
  /** Returns the properties that the table was made with. */
  TableSpec spec();

  /** Returns the number of rows. */
  long size();

  /**
   * Reads rows; one that is missing is answered with the table's initial row, and is not stored.
   *
   * @param keys n packed ids; duplicates are fine
   * @param rows receives n rows of {@link TableSpec#rowBytes} each, in the order of the keys
   * @param statuses receives n bytes of {@link RowStatus}, or {@link MemorySegment#NULL} for none
   * @throws IllegalArgumentException when a segment is too small or {@code keys} is not whole ids
   * @throws dev.emberkv.uring.IoFailure when the device fails
   * @throws dev.emberkv.compaction.CorruptionException when a row on the device is damaged
   */
  void lookup(MemorySegment keys, MemorySegment rows, MemorySegment statuses);

  /**
   * Reads rows without their statuses; see {@link #lookup(MemorySegment, MemorySegment,
   * MemorySegment)}.
   */
  default void lookup(long[] keys, MemorySegment rows) {
    lookup(MemorySegment.ofArray(keys), rows, MemorySegment.NULL);
  }

  /**
   * Reads rows as {@link #lookup(MemorySegment, MemorySegment, MemorySegment)} does, without
   * waiting for the device: rows in DRAM are there when the call returns, the others when the
   * future is complete. Many lookups, of one key each or of thousands, can be under way; those on
   * the device are read together. The call waits only when a million keys are waiting already.
   *
   * <p>The segments must belong to no single thread (an arena that is shared, automatic or global,
   * or the heap), stay as they are, and stay open until the future is complete. Cancelling the
   * future does not stop the reads.
   *
   * @return a future that fails as the call of the same name would
   * @throws IllegalArgumentException also when a segment belongs to one thread
   */
  CompletableFuture<Void> lookupAsync(
      MemorySegment keys, MemorySegment rows, MemorySegment statuses);

  /** Reads one row and returns its {@link RowStatus}. */
  byte get(long key, MemorySegment row);

  /**
   * Writes rows, new or over existing ones. Of a duplicate id, the last row stays.
   *
   * @param keys n packed ids
   * @param rows n packed rows
   */
  void put(MemorySegment keys, MemorySegment rows);

  /** Writes rows; see {@link #put(MemorySegment, MemorySegment)}. */
  default void put(long[] keys, MemorySegment rows) {
    put(MemorySegment.ofArray(keys), rows);
  }

  /** Writes one row. */
  void put(long key, MemorySegment row);

  /** Deletes rows and returns how many there were. */
  long delete(MemorySegment keys);

  /** Deletes one row and returns whether it was there. */
  boolean delete(long key);

  /**
   * Has rows brought into DRAM in the background, and kept there until they are read or written, or
   * for 10 s. Missing rows stay missing. At most a quarter of a row size's slots are kept this way;
   * {@link StoreStats} counts what became of the rows.
   *
   * @param keys n packed ids; the segment belongs to the caller again when the call returns
   * @return a ticket that is higher than those of all earlier requests to the store, or 0 when the
   *     request was refused because more than 2^20 keys would be waiting; errors of the device show
   *     when the rows are read
   * @throws IllegalArgumentException when {@code keys} is not whole ids
   */
  long prefetch(MemorySegment keys);
}

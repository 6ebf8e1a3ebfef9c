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

  /** Returns the number of rows; those that have expired count until they are dropped. */
  long size();

  /** Returns a reading of the table's counters. */
  TableStats stats();

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
   * Reads rows as f32, whatever the table's number format; else as {@link #lookup(MemorySegment,
   * MemorySegment, MemorySegment)}.
   *
   * @param rows receives n rows of {@code dim} little-endian f32 values each
   */
  void lookupFloats(MemorySegment keys, MemorySegment rows, MemorySegment statuses);

  /**
   * Reads rows and pools them bag by bag, as an embedding bag does; missing rows count as their
   * initial row. Sums are f32, of the rows in the order of the batch, so that they repeat bit for
   * bit. An empty bag gives zeros.
   *
   * @param keys n packed ids, those of the first bag first
   * @param offsets where each bag starts among the keys, packed little-endian {@code u32}s; from 0
   *     on, not falling, n at most
   * @param weights n packed f32 factors of the rows, or {@link MemorySegment#NULL} for none
   * @param pooled receives {@code dim} little-endian f32 values for each bag
   * @throws IllegalArgumentException when a segment has the wrong size or offsets are wrong
   */
  void pool(
      Pooling pooling,
      MemorySegment keys,
      MemorySegment offsets,
      MemorySegment weights,
      MemorySegment pooled);

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
   * Writes rows, new or over existing ones. Of a duplicate id, the last row stays. In a table that
   * learns, a row that was put has the optimizer's state of a new one.
   *
   * @param keys n packed ids
   * @param rows n packed rows
   */
  void put(MemorySegment keys, MemorySegment rows);

  /**
   * Writes rows as of a time, for a table whose rows expire by that; see {@link Expiry}. The
   * table's time does not go back: a row that comes late is as of the latest time.
   *
   * @param timeSeconds since 1970, 1 to 2^32 - 1
   * @throws IllegalArgumentException also when the table has the wall clock's time
   */
  void put(MemorySegment keys, MemorySegment rows, long timeSeconds);

  /** Writes rows; see {@link #put(MemorySegment, MemorySegment)}. */
  default void put(long[] keys, MemorySegment rows) {
    put(MemorySegment.ofArray(keys), rows);
  }

  /** Writes one row. */
  void put(long key, MemorySegment row);

  /**
   * Moves rows along gradients, as the table's {@link Optimizer} says, in one pass and without a
   * copy in the caller's hands. A missing row starts as its initial row. Gradients of a duplicate
   * id are summed first, in f32 and in the order of the batch, so the same pushes in the same order
   * give the same bits. Where the table's {@link FeatureAdmission} does not let an id in yet, its
   * gradient is dropped and no row is made.
   *
   * <p>Pushes and other writes of a row follow one another: none is lost. A push is a batch as any
   * other, and after a crash it is there whole or not at all. A push that can't read one of its
   * rows changes none of them if they have room in a quarter of the DRAM tier.
   *
   * @param keys n packed ids, 2^20 at most
   * @param gradients n packed gradients of {@code dim} little-endian f32 values each, in all
   *     formats
   * @return false when the options have the token of a push that was applied before, and nothing
   *     was done
   * @throws IllegalArgumentException when the table has no optimizer, a segment has the wrong size,
   *     or a gradient is not finite and the optimizer refuses these; nothing was changed then
   * @throws IllegalStateException when an earlier push with this token failed on the way, with some
   *     of its rows changed
   */
  boolean push(MemorySegment keys, MemorySegment gradients, PushOptions options);

  /** Moves rows along gradients; see {@link #push(MemorySegment, MemorySegment, PushOptions)}. */
  default void push(long[] keys, float[] gradients) {
    push(MemorySegment.ofArray(keys), MemorySegment.ofArray(gradients), PushOptions.none());
  }

  /**
   * Writes rows as they are stored, with the optimizer's state, as {@link #scan} and {@link
   * #changedSince} show them. Admission is not asked.
   *
   * @param keys n packed ids
   * @param storedRows n packed rows of {@link TableSpec#storedRowBytes} each
   * @param timeSeconds when they were written, for a table with a time of its own; else they count
   *     as written now
   */
  void load(MemorySegment keys, MemorySegment storedRows, long timeSeconds);

  /** Begins a walk over all rows. */
  TableScan scan();

  /**
   * Makes durable what was written so far, and returns the position behind it, for {@link
   * #changedSince}. With {@link Durability#CHECKPOINT} a crash goes back to here.
   */
  long position();

  /**
   * Shows the rows that changed since a position as they are now, and the ids that have lost their
   * row. Who had the table as of that position has it as of the position that is returned, or some
   * rows as of later, which the next call shows again; so a follower catches up however often it
   * asks. What is shown must be applied in its order, and counts only once the call has returned: a
   * crash in between may undo what was shown.
   *
   * <p>Reads the part of the log that was written since then, while no space is given back. Writers
   * of a store that is at its limit may have to wait for that.
   *
   * @return the position to go on from
   * @throws ChangesGoneException when the position is too old
   * @throws IllegalArgumentException when it lies ahead
   * @throws dev.emberkv.compaction.CorruptionException when a part of the log is damaged
   */
  long changedSince(long position, ChangeVisitor visitor);

  /**
   * Returns a number that tells the table's rows from those of other tables and stores: it changes
   * when the table is cleared, or dropped and made anew, and positions begin anew then, too.
   */
  long origin();

  /**
   * Drops the rows that the table's {@link Expiry} wants gone, now and for good: those whose time
   * to live is over, then those with low {@link Scores}, then, down to the most rows that the table
   * may have, those with the lowest scores, or without scores those that were not written for
   * longest. A row that is written meanwhile stays. Reads all rows.
   *
   * @param dryRun whether to count them only
   */
  ShrinkReport shrink(boolean dryRun);

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

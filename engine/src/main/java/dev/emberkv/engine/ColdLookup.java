package dev.emberkv.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.CompletableFuture;

/**
 * The rest of an asynchronous lookup: those of its keys that were not answered from DRAM.
 *
 * <p>Immutable; handed from the caller's thread to one of {@link AsyncLookups}.
 */
final class ColdLookup {
  final RowTable table;

  /** Is completed when the rows have arrived, or one of them could not be read. */
  final CompletableFuture<Void> done = new CompletableFuture<>();

  private final MemorySegment keys;
  private final MemorySegment rows;
  private final MemorySegment statuses;
  private final long[] left;

  /**
   * Takes a lookup.
   *
   * @param keys the packed ids of the whole lookup
   * @param rows receives its rows
   * @param statuses receives their {@link RowStatus}, or has no bytes
   * @param left the positions of the keys that are left
   */
  ColdLookup(
      RowTable table, MemorySegment keys, MemorySegment rows, MemorySegment statuses, long[] left) {
    this.table = table;
    this.keys = keys;
    this.rows = rows;
    this.statuses = statuses;
    this.left = left;
  }

  /** Returns how many keys are left. */
  int count() {
    return left.length;
  }

  /** Puts some of the ids that are left into an array. */
  void takeKeys(int from, int count, long[] ids, int to) {
    for (int i = 0; i < count; i++) {
      ids[to + i] = keys.get(ValueLayout.JAVA_LONG_UNALIGNED, left[from + i] * Long.BYTES);
    }
  }

  /** Puts rows and statuses where they belong. */
  void giveRows(int from, int count, MemorySegment found, MemorySegment foundStatuses, long at) {
    int rowBytes = table.spec().rowBytes();
    for (int i = 0; i < count; i++) {
      long position = left[from + i];
      MemorySegment.copy(found, (at + i) * rowBytes, rows, position * rowBytes, rowBytes);
      if (statuses.byteSize() > 0) {
        statuses.set(
            ValueLayout.JAVA_BYTE, position, foundStatuses.get(ValueLayout.JAVA_BYTE, at + i));
      }
    }
  }
}

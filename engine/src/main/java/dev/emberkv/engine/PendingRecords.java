package dev.emberkv.engine;

import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;
import java.util.function.LongConsumer;

/**
 * The row records of a scan that wait for their commit, or to be handled together, in the order of
 * the log, outside of the heap. 32 bytes each:
 *
 * <pre>
 *    0  u64 hash of the key
 *    8  u64 sequence
 *   16  u64 place, as in {@link RecoveryMap}
 *   24  u64 table
 * </pre>
 *
 * <p>Not thread-safe.
 */
final class PendingRecords implements AutoCloseable {
  private static final int ENTRY_BYTES = 32;

  /** How many records are approached before they are handed over. */
  private static final int GROUP = 64;

  private NativeMemory memory = NativeMemory.reserve(NativeMemory.HUGE_PAGE_BYTES);
  private long count;

  /** Says which sequences a commit covers. */
  @FunctionalInterface
  interface Coverage {
    boolean covers(long sequence);
  }

  /** Receives the records that are committed. */
  interface Sink {
    /** Loads what {@link #row} will look at. */
    void approach(int table, long hash);

    void row(int table, long hash, long sequence, long place);
  }

  void add(int table, long hash, long sequence, long place) {
    if ((count + 1) * ENTRY_BYTES > memory.sizeBytes()) {
      grow();
    }
    long entry = memory.address() + count * ENTRY_BYTES;
    RawMemory.putLong(entry, hash);
    RawMemory.putLong(entry + 8, sequence);
    RawMemory.putLong(entry + 16, place);
    RawMemory.putLong(entry + 24, table);
    count++;
  }

  private void grow() {
    NativeMemory old = memory;
    memory = NativeMemory.reserve(old.sizeBytes() * 2);
    RawMemory.copy(old.address(), memory.address(), count * ENTRY_BYTES);
    old.close();
  }

  /** Hands over the records that are covered; the others stay. */
  void commit(Coverage coverage, Sink sink) {
    long kept = 0;
    for (long i = 0; i < count; i++) {
      long entry = memory.address() + i * ENTRY_BYTES;
      if (i % GROUP == 0) {
        approach(entry, (int) Math.min(GROUP, count - i), sink);
      }
      long sequence = RawMemory.getLong(entry + 8);
      if (coverage.covers(sequence)) {
        sink.row(
            (int) RawMemory.getLong(entry + 24),
            RawMemory.getLong(entry),
            sequence,
            RawMemory.getLong(entry + 16));
      } else {
        RawMemory.copy(entry, memory.address() + kept * ENTRY_BYTES, ENTRY_BYTES);
        kept++;
      }
    }
    count = kept;
  }

  private static void approach(long first, int entries, Sink sink) {
    for (int i = 0; i < entries; i++) {
      long entry = first + (long) i * ENTRY_BYTES;
      sink.approach((int) RawMemory.getLong(entry + 24), RawMemory.getLong(entry));
    }
  }

  long size() {
    return count;
  }

  /** Forgets the records, and tells where each was. */
  void clear(LongConsumer places) {
    for (long i = 0; i < count; i++) {
      places.accept(RawMemory.getLong(memory.address() + i * ENTRY_BYTES + 16));
    }
    count = 0;
  }

  @Override
  public void close() {
    memory.close();
  }
}

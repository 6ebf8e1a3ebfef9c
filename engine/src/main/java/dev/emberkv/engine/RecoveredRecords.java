package dev.emberkv.engine;

import dev.emberkv.uring.RawMemory;
import java.util.Arrays;

/**
 * The rows, string keys and tombstones of one keyspace that a replay of the log met, dealt to
 * ranges of hashes while they are few enough to stay in the processor's cache, outside of the heap.
 * 24 bytes each: hash, version and place, as in {@link RecoveryMap}.
 *
 * <p>Not thread-safe; each thread that replays has its own.
 */
final class RecoveredRecords {
  private static final int RECORD_BYTES = 24;
  private static final int BLOCK_RECORDS = 680;
  private static final int FIRST_BLOCK_RECORDS = 32;

  /** Up to so many are not dealt. */
  private static final int FEW = 1 << 14;

  private final RecoveryMemory memory;
  private final int manyBits;
  private int bits;
  private long size;

  /** By range: where the next record goes, and where the block ends that it goes to. */
  private long[] next = {0};

  private long[] end = {0};

  /** By range: the addresses of the first record and of the end of each block that is full. */
  private long[][] full = {{}};

  /** By range: how many numbers of these there are, and where the newest block starts. */
  private int[] fullCount = {0};

  private long[] start = {0};

  /** Receives the records of a range. */
  @FunctionalInterface
  interface Sink {
    void record(long hash, long version, long place);
  }

  /**
   * Starts without records.
   *
   * @param manyBits by how many bits of their hashes the records are dealt once they are many
   */
  RecoveredRecords(RecoveryMemory memory, int manyBits) {
    this.memory = memory;
    this.manyBits = manyBits;
  }

  /** Returns which of {@code 1 << bits} ranges a hash is in. */
  static int range(long hash, int bits) {
    return (int) ((hash >>> 1) >>> (63 - bits));
  }

  void add(long hash, long version, long place) {
    int range = range(hash, bits);
    long at = next[range];
    if (at == end[range]) {
      at = newBlock(range);
    }
    RawMemory.putLong(at, hash);
    RawMemory.putLong(at + 8, version);
    RawMemory.putLong(at + 16, place);
    next[range] = at + RECORD_BYTES;
    if (++size == FEW && bits == 0) {
      deal(manyBits);
    }
  }

  private long newBlock(int range) {
    if (end[range] != 0) {
      int count = fullCount[range];
      if (count == full[range].length) {
        full[range] = Arrays.copyOf(full[range], Math.max(8, 2 * count));
      }
      full[range][count] = start[range];
      full[range][count + 1] = end[range];
      fullCount[range] = count + 2;
    }
    long records = bits == 0 ? Math.clamp(size, FIRST_BLOCK_RECORDS, BLOCK_RECORDS) : BLOCK_RECORDS;
    long block = memory.take(records * RECORD_BYTES);
    start[range] = block;
    end[range] = block + records * RECORD_BYTES;
    return block;
  }

  /** Deals the records to ranges by a number of bits, unless they are dealt. */
  void deal(int newBits) {
    if (bits == newBits) {
      return;
    }
    assert bits == 0 : bits;
    RecoveredRecords undealt = new RecoveredRecords(memory, manyBits);
    undealt.next = next;
    undealt.end = end;
    undealt.full = full;
    undealt.fullCount = fullCount;
    undealt.start = start;
    bits = newBits;
    next = new long[1 << bits];
    end = new long[1 << bits];
    start = new long[1 << bits];
    fullCount = new int[1 << bits];
    full = new long[1 << bits][0];
    size = 0;
    undealt.forEach(0, this::add);
  }

  /** Returns by how many bits of their hashes the records are dealt now. */
  int bits() {
    return bits;
  }

  long size() {
    return size;
  }

  /** Returns the number of records in a range. */
  long size(int range) {
    long bytes = next[range] - start[range];
    for (int i = 0; i < fullCount[range]; i += 2) {
      bytes += full[range][i + 1] - full[range][i];
    }
    return bytes / RECORD_BYTES;
  }

  /** Visits the records of a range. */
  void forEach(int range, Sink sink) {
    for (int i = 0; i < fullCount[range]; i += 2) {
      visit(full[range][i], full[range][i + 1], sink);
    }
    visit(start[range], next[range], sink);
  }

  private static void visit(long from, long to, Sink sink) {
    for (long at = from; at < to; at += RECORD_BYTES) {
      sink.record(RawMemory.getLong(at), RawMemory.getLong(at + 8), RawMemory.getLong(at + 16));
    }
  }
}

package dev.emberkv.bench.workload;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One thread's buffers: packed keys, drawn from a stream, and space for their rows.
 *
 * <p>Not thread-safe.
 */
final class RowBatch {
  /** Rows that are compared after each batch; the next batch takes others. */
  private static final int SAMPLES = 16;

  private static final int CACHE_LINE_BYTES = 64;

  private final KeyStream stream;
  private final RowPattern pattern;
  private final int count;
  private final MemorySegment keys;
  private final MemorySegment rows;
  private long sampled;

  /**
   * Allocates the buffers.
   *
   * @param keyCount keys in a batch
   * @param rowCount rows that there is space for
   */
  RowBatch(KeyStream stream, RowPattern pattern, int keyCount, int rowCount) {
    this.stream = stream;
    this.pattern = pattern;
    this.count = keyCount;
    Arena arena = Arena.ofAuto();
    this.keys = arena.allocate((long) keyCount * Long.BYTES, CACHE_LINE_BYTES);
    this.rows = arena.allocate((long) rowCount * pattern.rowBytes(), CACHE_LINE_BYTES);
  }

  int count() {
    return count;
  }

  MemorySegment keys() {
    return keys;
  }

  MemorySegment rows() {
    return rows;
  }

  long key(long index) {
    return keys.getAtIndex(ValueLayout.JAVA_LONG, index);
  }

  /** Draws the next keys. */
  void draw() {
    stream.fill(keys);
  }

  /** Draws the next keys and writes the rows that belong to them. */
  void drawWithRows() {
    draw();
    pattern.fillAll(keys, rows);
  }

  /** Compares some of the rows with what belongs to their keys. */
  void requireSample() {
    for (int i = 0; i < SAMPLES; i++) {
      long index = sampled++ % count;
      pattern.require(key(index), rows, index * pattern.rowBytes());
    }
  }

  /** Compares the row in the first place with what belongs to {@code key}. */
  void requireFirstRow(long key) {
    pattern.require(key, rows, 0);
  }
}

package dev.emberkv.bench.workload;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The content of a benchmark's rows: a pure function of the key, so that every row that a store
 * returns can be checked, whoever wrote it and whenever.
 *
 * @param rowBytes width of a row, a multiple of 4
 */
public record RowPattern(int rowBytes) {
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final long STEP = 0x9e3779b97f4a7c15L;

  /** Checks the range. */
  public RowPattern {
    if (rowBytes < Float.BYTES || rowBytes % Float.BYTES != 0) {
      throw new IllegalArgumentException(
          "rowBytes must be a positive multiple of 4, not " + rowBytes);
    }
  }

  /** Writes the row of {@code key} at {@code offset}. */
  public void fill(long key, MemorySegment rows, long offset) {
    long word = firstWord(key);
    int i = 0;
    for (; i + Long.BYTES <= rowBytes; i += Long.BYTES) {
      rows.set(LONG, offset + i, word);
      word += STEP;
    }
    if (i < rowBytes) {
      rows.set(INT, offset + i, (int) word);
    }
  }

  /** Writes the rows of n packed keys, one behind the other. */
  public void fillAll(MemorySegment keys, MemorySegment rows) {
    long count = keys.byteSize() / Long.BYTES;
    for (long i = 0; i < count; i++) {
      fill(keys.getAtIndex(LONG, i), rows, i * rowBytes);
    }
  }

  /** Returns whether the row at {@code offset} is the row of {@code key}. */
  public boolean matches(long key, MemorySegment rows, long offset) {
    long word = firstWord(key);
    int i = 0;
    for (; i + Long.BYTES <= rowBytes; i += Long.BYTES) {
      if (rows.get(LONG, offset + i) != word) {
        return false;
      }
      word += STEP;
    }
    return i >= rowBytes || rows.get(INT, offset + i) == (int) word;
  }

  /**
   * Checks the row at {@code offset}.
   *
   * @throws IllegalStateException when it is not the row of {@code key}
   */
  public void require(long key, MemorySegment rows, long offset) {
    if (!matches(key, rows, offset)) {
      throw new IllegalStateException("row " + key + " does not hold what was written to it");
    }
  }

  private static long firstWord(long key) {
    long h = (key + 1) * 0xbf58476d1ce4e5b9L;
    return h ^ (h >>> 29);
  }
}

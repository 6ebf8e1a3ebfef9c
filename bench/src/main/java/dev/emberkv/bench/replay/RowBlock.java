package dev.emberkv.bench.replay;

import java.util.Arrays;

/**
 * The different rows that one step works on, read from an embedding map, changed here, and written
 * back: each once, however often the step names it.
 *
 * <p>Not thread-safe.
 */
final class RowBlock {
  private final EmbeddingMap map;
  private final int dim;
  private final int[] places; // of each number: its place in this block; valid where blocks match
  private final int[] blocks; // of each number: the block that put it there
  private final long[] ids;
  private final float[] rows;
  private int block;
  private int count;

  /**
   * Allocates a block.
   *
   * @param numbers how many users or items there are
   * @param capacity the most different rows in a step
   */
  RowBlock(EmbeddingMap map, int dim, int numbers, int capacity) {
    this.map = map;
    this.dim = dim;
    this.places = new int[numbers];
    this.blocks = new int[numbers];
    this.ids = new long[capacity];
    this.rows = new float[capacity * dim];
  }

  /** Empties the block. */
  void clear() {
    if (++block == Integer.MAX_VALUE) {
      Arrays.fill(blocks, 0);
      block = 1;
    }
    count = 0;
  }

  /** Adds a row, unless it is there. */
  void add(int number, long id) {
    if (blocks[number] != block) {
      blocks[number] = block;
      places[number] = count;
      ids[count++] = id;
    }
  }

  /** Reads all rows in one batch. */
  void read() {
    map.read(ids, count, rows);
  }

  /** Writes all rows in one batch. */
  void write() {
    map.write(ids, count, rows);
  }

  /** Returns the ids of the rows, in the first {@link #count} places. */
  long[] ids() {
    return ids;
  }

  /** Returns the rows, one behind the other. */
  float[] rows() {
    return rows;
  }

  /** Returns where the row of a number that was added starts. */
  int offset(int number) {
    return places[number] * dim;
  }

  /** Returns how many rows there are. */
  int count() {
    return count;
  }
}

package dev.emberkv.bench.replay;

/**
 * Where a trainer keeps embeddings: a table of a store, or anything else that behaves like one. A
 * row that was never written reads as its initial row.
 */
public interface EmbeddingMap {
  /**
   * Reads rows.
   *
   * @param ids the first {@code count} are read; duplicates are fine
   * @param rows receives {@code count} rows, one behind the other
   */
  void read(long[] ids, int count, float[] rows);

  /**
   * Writes rows.
   *
   * @param ids the first {@code count} are written; all different
   * @param rows {@code count} rows, one behind the other
   */
  void write(long[] ids, int count, float[] rows);
}

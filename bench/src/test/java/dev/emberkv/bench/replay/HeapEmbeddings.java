package dev.emberkv.bench.replay;

import java.util.HashMap;
import java.util.Map;
import java.util.function.LongFunction;

/** Embeddings in a plain map: the reference that a store's training is compared with. */
final class HeapEmbeddings implements EmbeddingMap {
  private final int dim;
  private final LongFunction<float[]> initialRows;
  private final Map<Long, float[]> rows = new HashMap<>();

  /**
   * Makes an empty map.
   *
   * @param initialRows the row of an id that was never written
   */
  HeapEmbeddings(int dim, LongFunction<float[]> initialRows) {
    this.dim = dim;
    this.initialRows = initialRows;
  }

  @Override
  public void read(long[] ids, int count, float[] target) {
    for (int i = 0; i < count; i++) {
      float[] row = rows.get(ids[i]);
      System.arraycopy(row == null ? initialRows.apply(ids[i]) : row, 0, target, i * dim, dim);
    }
  }

  @Override
  public void write(long[] ids, int count, float[] source) {
    for (int i = 0; i < count; i++) {
      float[] row = new float[dim];
      System.arraycopy(source, i * dim, row, 0, dim);
      rows.put(ids[i], row);
    }
  }

  int size() {
    return rows.size();
  }
}

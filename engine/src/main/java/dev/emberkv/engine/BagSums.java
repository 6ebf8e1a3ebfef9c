package dev.emberkv.engine;

import dev.emberkv.uring.RawMemory;
import dev.emberkv.uring.Vectors;

/**
 * Sums of rows of f32 at absolute addresses, each column in the order of the rows, with vector code
 * where that pays and the same bits either way.
 *
 * <p>Immutable.
 */
final class BagSums {
  private final int dim;
  private final boolean vectors;

  BagSums(int dim) {
    this(dim, Vectors.ENABLED);
  }

  /** Sums with vector code or without. */
  BagSums(int dim, boolean vectors) {
    this.dim = dim;
    this.vectors = vectors;
  }

  /**
   * Adds rows to a sum.
   *
   * @param rows where the first row is; the others are behind it
   * @param weights where the f32 factors of the rows are; 0 when they have none
   */
  void add(long sum, long rows, int count, long weights) {
    int done = 0;
    if (vectors) {
      done =
          weights == 0
              ? VectorSteps.addRows(sum, rows, count, dim)
              : VectorSteps.addWeightedRows(sum, rows, count, weights, dim);
    }
    for (int column = done; column < dim; column++) {
      float total = RawMemory.getFloat(sum + 4L * column);
      for (int row = 0; row < count; row++) {
        float value = RawMemory.getFloat(rows + 4L * ((long) row * dim + column));
        total += weights == 0 ? value : value * RawMemory.getFloat(weights + 4L * row);
      }
      RawMemory.putFloat(sum + 4L * column, total);
    }
  }

  /** Multiplies a sum by a factor. */
  void scale(long sum, float factor) {
    int done = vectors ? VectorSteps.scale(sum, factor, dim) : 0;
    ScalarSteps.scale(sum, factor, done, dim);
  }
}

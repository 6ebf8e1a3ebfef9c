package dev.emberkv.bench.replay;

/** Dot products in a fixed order of additions, so that the result has the same bits everywhere. */
final class DotProduct {
  private DotProduct() {}

  /** Returns the product of two rows, given by where they start; four sums run side by side. */
  static double of(float[] a, int aStart, float[] b, int bStart, int dim) {
    float sum0 = 0;
    float sum1 = 0;
    float sum2 = 0;
    float sum3 = 0;
    int d = 0;
    for (; d + 4 <= dim; d += 4) {
      sum0 += a[aStart + d] * b[bStart + d];
      sum1 += a[aStart + d + 1] * b[bStart + d + 1];
      sum2 += a[aStart + d + 2] * b[bStart + d + 2];
      sum3 += a[aStart + d + 3] * b[bStart + d + 3];
    }
    for (; d < dim; d++) {
      sum0 += a[aStart + d] * b[bStart + d];
    }
    return (sum0 + sum1) + (sum2 + sum3);
  }
}

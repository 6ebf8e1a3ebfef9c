package dev.emberkv.engine;

import java.util.SplittableRandom;

/**
 * Draws keys 0..n-1, the key k in proportion to (k + 1)^-exponent, and knows what share of the
 * draws goes to the most popular ones.
 *
 * <p>By the inverse of the cumulated distribution: the head from a table, the tail, where
 * neighbours hardly differ, from the integral that stands for its sum.
 */
final class ZipfKeys {
  private static final int HEAD = 1 << 16;

  private final double[] cumulated;
  private final int head;
  private final int n;
  private final double exponent;
  private final double sum;
  private final SplittableRandom random;

  ZipfKeys(int n, double exponent, long seed) {
    this.n = n;
    this.exponent = exponent;
    this.head = Math.min(n, HEAD);
    this.cumulated = new double[head];
    double running = 0;
    for (int i = 0; i < head; i++) {
      running += Math.pow(i + 1.0, -exponent);
      cumulated[i] = running;
    }
    this.sum = weightOf(n);
    this.random = new SplittableRandom(seed);
  }

  private double weightOf(int top) {
    return top <= head
        ? cumulated[top - 1]
        : cumulated[head - 1] + integral(top + 0.5) - integral(head + 0.5);
  }

  private double integral(double x) {
    return Math.pow(x, 1 - exponent) / (1 - exponent);
  }

  int next() {
    double at = random.nextDouble() * sum;
    if (at < cumulated[head - 1]) {
      int low = 0;
      int high = head - 1;
      while (low < high) {
        int middle = (low + high) >>> 1;
        if (cumulated[middle] > at) {
          high = middle;
        } else {
          low = middle + 1;
        }
      }
      return low;
    }
    double beyond = at - cumulated[head - 1] + integral(head + 0.5);
    double x = Math.pow(beyond * (1 - exponent), 1 / (1 - exponent));
    return Math.clamp((long) (x + 0.5) - 1, head, n - 1);
  }

  /** Returns the share of the draws that go to the {@code top} most popular keys. */
  double shareOfTop(long top) {
    return weightOf((int) Math.min(top, n)) / sum;
  }
}

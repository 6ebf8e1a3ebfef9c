package dev.emberkv.engine;

import dev.emberkv.uring.RawMemory;

/**
 * The formulas of {@link Optimizer.Rule}, column by column. The vector code of {@link VectorSteps}
 * does the same operations in the same order and gives the same bits; none of it fuses a
 * multiplication with an addition.
 *
 * <p>Stateless. Weights, state and gradient are f32 at absolute addresses; columns from {@code
 * first} on are done, up to {@code dim}.
 */
final class ScalarSteps {
  private ScalarSteps() {}

  /** {@code w -= lr * g}. */
  static void descend(long weights, long gradient, float rate, int first, int dim) {
    for (int i = first; i < dim; i++) {
      put(weights, i, get(weights, i) - rate * get(gradient, i));
    }
  }

  /** {@code b = momentum * b + g; w -= lr * b}. */
  static void momentum(
      long weights, long state, long gradient, float rate, float momentum, int first, int dim) {
    for (int i = first; i < dim; i++) {
      float velocity = momentum * get(state, i) + get(gradient, i);
      put(state, i, velocity);
      put(weights, i, get(weights, i) - rate * velocity);
    }
  }

  /** {@code a += g * g; w -= lr * g / (sqrt(a) + epsilon)}. */
  static void adagrad(
      long weights, long state, long gradient, float rate, float epsilon, int first, int dim) {
    for (int i = first; i < dim; i++) {
      float g = get(gradient, i);
      float sum = get(state, i) + g * g;
      put(state, i, sum);
      put(weights, i, get(weights, i) - rate * g / (root(sum) + epsilon));
    }
  }

  /**
   * What of Adam's step is the same for all columns.
   *
   * @param keepMean beta1
   * @param addMean 1 - beta1
   * @param keepSquare beta2
   * @param addSquare 1 - beta2
   */
  record Adam(float keepMean, float addMean, float keepSquare, float addSquare, float epsilon) {}

  /**
   * Adam's step.
   *
   * @param decay the share of a weight that AdamW takes off. It goes together with the step: taken
   *     off alone, it would be rounded the same way each time
   */
  static void adam(
      long weights,
      long state,
      long gradient,
      Adam adam,
      float rate,
      float unbias,
      float decay,
      int first,
      int dim) {
    long squares = state + 4L * dim;
    for (int i = first; i < dim; i++) {
      float g = get(gradient, i);
      float mean = adam.keepMean * get(state, i) + adam.addMean * g;
      float square = adam.keepSquare * get(squares, i) + adam.addSquare * g * g;
      put(state, i, mean);
      put(squares, i, square);
      float step = rate * mean / (root(square) * unbias + adam.epsilon);
      float weight = get(weights, i);
      put(weights, i, weight - (decay * weight + step));
    }
  }

  /**
   * FTRL-proximal's step. The difference of the roots is taken as {@code g * g / (sqrt(n) + sqrt(n
   * + g * g))}, which does not cancel.
   */
  static void ftrl(
      long weights,
      long state,
      long gradient,
      Optimizer.Rule.Ftrl rule,
      float rate,
      int first,
      int dim) {
    long squares = state + 4L * dim;
    float beta = (float) rule.beta();
    float l1 = (float) rule.l1();
    float l2 = (float) rule.l2();
    for (int i = first; i < dim; i++) {
      float g = get(gradient, i);
      float before = get(squares, i);
      float after = before + g * g;
      float rootAfter = root(after);
      float sigma = after == 0 ? 0 : g * g / (root(before) + rootAfter) / rate;
      float z = get(state, i) + g - sigma * get(weights, i);
      put(squares, i, after);
      put(state, i, z);
      float pull = (Math.copySign(l1, z) - z) / ((beta + rootAfter) / rate + l2);
      put(weights, i, Math.abs(z) <= l1 ? 0 : pull);
    }
  }

  /** {@code target = a + factor * b}. */
  static void addScaled(long target, long a, float factor, long b, int first, int dim) {
    for (int i = first; i < dim; i++) {
      put(target, i, get(a, i) + factor * get(b, i));
    }
  }

  /** {@code target *= factor}. */
  static void scale(long target, float factor, int first, int dim) {
    for (int i = first; i < dim; i++) {
      put(target, i, get(target, i) * factor);
    }
  }

  /** Returns the sum of squares, in f64: of every fourth column, and then of the four sums. */
  static double sumOfSquares(long values, int dim) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int i = 0;
    for (; i <= dim - 4; i += 4) {
      double v0 = get(values, i);
      double v1 = get(values, i + 1);
      double v2 = get(values, i + 2);
      double v3 = get(values, i + 3);
      s0 += v0 * v0;
      s1 += v1 * v1;
      s2 += v2 * v2;
      s3 += v3 * v3;
    }
    for (; i < dim; i++) {
      double v = get(values, i);
      s0 += v * v;
    }
    return s0 + s1 + (s2 + s3);
  }

  private static float root(float value) {
    return (float) Math.sqrt(value);
  }

  private static float get(long address, int column) {
    return RawMemory.getFloat(address + 4L * column);
  }

  private static void put(long address, int column, float value) {
    RawMemory.putFloat(address + 4L * column, value);
  }
}

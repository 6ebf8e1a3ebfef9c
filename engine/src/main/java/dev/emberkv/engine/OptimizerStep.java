package dev.emberkv.engine;

import dev.emberkv.uring.RawMemory;
import dev.emberkv.uring.Vectors;

/**
 * One step of a table's optimizer, on rows of f32 at absolute addresses, with vector code where
 * that pays and the same bits either way.
 *
 * <p>Not thread-safe: it has the working memory that a step needs from its caller.
 */
final class OptimizerStep {
  /** Where the count of a row's steps stays, since f32 has no larger neighbour. */
  private static final float MAX_STEPS = 1 << 24;

  private final Optimizer optimizer;
  private final Optimizer.Rule rule;
  private final int dim;
  private final double learningRate;
  private final float rate;
  private final boolean vectors;
  private final boolean decays;
  private final ScalarSteps.Adam adam;
  private final float decoupledDecay;

  /** Where the gradient with the weight decay goes. */
  private final long scratch;

  /**
   * Prepares steps.
   *
   * @param scratch the address of {@code dim} f32 values for the steps' own use
   */
  OptimizerStep(Optimizer optimizer, int dim, double learningRate, long scratch) {
    this(optimizer, dim, learningRate, scratch, Vectors.ENABLED);
  }

  /** Prepares steps with vector code or without. */
  OptimizerStep(Optimizer optimizer, int dim, double learningRate, long scratch, boolean vectors) {
    this.optimizer = optimizer;
    this.rule = optimizer.rule();
    this.dim = dim;
    this.learningRate = learningRate;
    this.rate = (float) learningRate;
    this.vectors = vectors;
    this.scratch = scratch;
    boolean decoupled = rule instanceof Optimizer.Rule.AdamW;
    this.decays = optimizer.weightDecay() != 0 && !decoupled;
    this.decoupledDecay = decoupled ? (float) (learningRate * optimizer.weightDecay()) : 0;
    this.adam =
        switch (rule) {
          case Optimizer.Rule.Adam(double beta1, double beta2, double epsilon) ->
              adam(beta1, beta2, epsilon);
          case Optimizer.Rule.AdamW(double beta1, double beta2, double epsilon) ->
              adam(beta1, beta2, epsilon);
          default -> adam(0, 0, 0);
        };
  }

  private static ScalarSteps.Adam adam(double beta1, double beta2, double epsilon) {
    return new ScalarSteps.Adam(
        (float) beta1, (float) (1 - beta1), (float) beta2, (float) (1 - beta2), (float) epsilon);
  }

  /** Adds a gradient of the same row, in place. */
  void add(long gradient, long more) {
    int done = vectors ? VectorSteps.addScaled(gradient, gradient, 1, more, dim) : 0;
    ScalarSteps.addScaled(gradient, gradient, 1, more, done, dim);
  }

  /** Scales a gradient down that is longer than it may be, in place. */
  void clip(long gradient) {
    double most = optimizer.maxGradientNorm();
    if (most == Double.POSITIVE_INFINITY) {
      return;
    }
    double norm = Math.sqrt(ScalarSteps.sumOfSquares(gradient, dim));
    if (norm > most) {
      float factor = (float) (most / norm);
      int done = vectors ? VectorSteps.scale(gradient, factor, dim) : 0;
      ScalarSteps.scale(gradient, factor, done, dim);
    }
  }

  /** Moves a row; the gradient stays as it is. */
  void run(long weights, long state, long gradient) {
    long g = gradient;
    if (decays) {
      float decay = (float) optimizer.weightDecay();
      int done = vectors ? VectorSteps.addScaled(scratch, g, decay, weights, dim) : 0;
      ScalarSteps.addScaled(scratch, g, decay, weights, done, dim);
      g = scratch;
    }
    switch (rule) {
      case Optimizer.Rule.None none -> throw new AssertionError("a table that does not learn");
      case Optimizer.Rule.Sgd sgd -> descend(sgd, weights, state, g);
      case Optimizer.Rule.Adagrad adagrad -> {
        float epsilon = (float) adagrad.epsilon();
        int done = vectors ? VectorSteps.adagrad(weights, state, g, rate, epsilon, dim) : 0;
        ScalarSteps.adagrad(weights, state, g, rate, epsilon, done, dim);
      }
      case Optimizer.Rule.RowwiseAdagrad adagrad -> {
        double mean = ScalarSteps.sumOfSquares(g, dim) / dim;
        float sum = (float) (RawMemory.getFloat(state) + mean);
        RawMemory.putFloat(state, sum);
        descend(weights, g, (float) (learningRate / (Math.sqrt(sum) + adagrad.epsilon())));
      }
      case Optimizer.Rule.Adam all -> adam(weights, state, g, all.beta1(), all.beta2());
      case Optimizer.Rule.AdamW all -> adam(weights, state, g, all.beta1(), all.beta2());
      case Optimizer.Rule.Ftrl ftrl -> {
        int done = vectors ? VectorSteps.ftrl(weights, state, g, ftrl, rate, dim) : 0;
        ScalarSteps.ftrl(weights, state, g, ftrl, rate, done, dim);
      }
    }
  }

  private void descend(Optimizer.Rule.Sgd sgd, long weights, long state, long g) {
    if (sgd.momentum() == 0) {
      descend(weights, g, rate);
      return;
    }
    float momentum = (float) sgd.momentum();
    int done = vectors ? VectorSteps.momentum(weights, state, g, rate, momentum, dim) : 0;
    ScalarSteps.momentum(weights, state, g, rate, momentum, done, dim);
  }

  private void descend(long weights, long g, float factor) {
    int done = vectors ? VectorSteps.descend(weights, g, factor, dim) : 0;
    ScalarSteps.descend(weights, g, factor, done, dim);
  }

  private void adam(long weights, long state, long g, double beta1, double beta2) {
    long steps = state + 8L * dim;
    float t = Math.min(RawMemory.getFloat(steps) + 1, MAX_STEPS);
    RawMemory.putFloat(steps, t);
    float corrected = (float) (learningRate / (1 - power(beta1, (int) t)));
    float unbias = (float) (1 / Math.sqrt(1 - power(beta2, (int) t)));
    int done =
        vectors
            ? VectorSteps.adam(weights, state, g, adam, corrected, unbias, decoupledDecay, dim)
            : 0;
    ScalarSteps.adam(weights, state, g, adam, corrected, unbias, decoupledDecay, done, dim);
  }

  /** Raises to a power by squaring: the same bits everywhere, unlike {@link Math#pow}. */
  static double power(double base, int exponent) {
    double result = 1;
    double square = base;
    for (int rest = exponent; rest > 0; rest >>= 1) {
      if ((rest & 1) != 0) {
        result *= square;
      }
      square *= square;
    }
    return result;
  }
}

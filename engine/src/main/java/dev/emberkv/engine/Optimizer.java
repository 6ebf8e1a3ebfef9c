package dev.emberkv.engine;

/**
 * How a table's rows follow gradients, see {@link Table#push(java.lang.foreign.MemorySegment,
 * java.lang.foreign.MemorySegment, PushOptions)}. The state of the rule stands behind the embedding
 * in each row, in f32 whatever the embedding's format.
 *
 * <p>A push first sums the gradients of each id to g, clips g to {@code maxGradientNorm}, and adds
 * {@code weightDecay * w} to it; but for {@link Rule.AdamW}, which shrinks the weights instead.
 *
 * @param rule the formula and its parameters
 * @param learningRate factor of the step, unless a push brings its own; above 0
 * @param weightDecay 0 for none
 * @param maxGradientNorm the most that a row's gradient may have as its Euclidean length; a longer
 *     one is scaled down to it; infinite for no limit
 * @param rejectsNan whether a push with a gradient that is NaN or infinite is refused as a whole
 */
public record Optimizer(
    Rule rule,
    double learningRate,
    double weightDecay,
    double maxGradientNorm,
    boolean rejectsNan) {

  /** Checks the ranges. */
  public Optimizer {
    requirePositive(learningRate, "learning rate");
    requireNotNegative(weightDecay, "weight decay");
    if (!(maxGradientNorm > 0)) {
      throw new IllegalArgumentException(
          "the largest gradient norm must be above 0, not " + maxGradientNorm);
    }
  }

  /** A formula; parameters that none of the constructors bind have PyTorch's defaults. */
  public sealed interface Rule {
    /** Returns how many f32 values of state a row has. */
    int stateFloats(int dim);

    /** Returns what all state of a new row is. */
    default float initialState() {
      return 0;
    }

    /** No learning: rows are only put. */
    record None() implements Rule {
      @Override
      public int stateFloats(int dim) {
        return 0;
      }
    }

    /**
     * Stochastic gradient descent: {@code w -= lr * g}, or with momentum {@code b = momentum * b +
     * g; w -= lr * b} (torch.optim.SGD, without dampening). State: b if there is momentum.
     */
    record Sgd(double momentum) implements Rule {
      /** Checks the range. */
      public Sgd {
        requireFraction(momentum, "momentum");
      }

      @Override
      public int stateFloats(int dim) {
        return momentum == 0 ? 0 : dim;
      }
    }

    /**
     * Adagrad (J. Duchi, E. Hazan, Y. Singer, JMLR 12, 2011, diagonal form): {@code a += g * g; w
     * -= lr * g / (sqrt(a) + epsilon)}. State: a, one per column.
     */
    record Adagrad(double initialAccumulator, double epsilon) implements Rule {
      /** Checks the ranges. */
      public Adagrad {
        requireNotNegative(initialAccumulator, "initial accumulator");
        requireNotNegative(epsilon, "epsilon");
      }

      @Override
      public int stateFloats(int dim) {
        return dim;
      }

      @Override
      public float initialState() {
        return (float) initialAccumulator;
      }
    }

    /**
     * Adagrad with one accumulator for the whole row (D. Mudigere et al., ISCA 2022, section 4.1.4;
     * torchrec.optim.RowWiseAdagrad): {@code a += mean(g * g); w -= lr * g / (sqrt(a) + epsilon)}.
     * State: a.
     */
    record RowwiseAdagrad(double initialAccumulator, double epsilon) implements Rule {
      /** Checks the ranges. */
      public RowwiseAdagrad {
        requireNotNegative(initialAccumulator, "initial accumulator");
        requireNotNegative(epsilon, "epsilon");
      }

      @Override
      public int stateFloats(int dim) {
        return 1;
      }

      @Override
      public float initialState() {
        return (float) initialAccumulator;
      }
    }

    /**
     * Adam (D. Kingma, J. Ba, ICLR 2015, algorithm 1), lazy: only rows of the push move, and t
     * counts the steps of the row: {@code m = beta1 * m + (1 - beta1) * g; v = beta2 * v + (1 -
     * beta2) * g * g; w -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)}
     * (torch.optim.Adam). State: m, v and t, which stays at 2^24.
     */
    record Adam(double beta1, double beta2, double epsilon) implements Rule {
      /** Checks the ranges. */
      public Adam {
        requireFraction(beta1, "beta1");
        requireFraction(beta2, "beta2");
        requireNotNegative(epsilon, "epsilon");
      }

      @Override
      public int stateFloats(int dim) {
        return 2 * dim + 1;
      }
    }

    /**
     * {@link Adam} with decoupled weight decay (I. Loshchilov, F. Hutter, ICLR 2019, algorithm 2;
     * torch.optim.AdamW): first {@code w *= 1 - lr * weightDecay}, then Adam's step.
     */
    record AdamW(double beta1, double beta2, double epsilon) implements Rule {
      /** Checks the ranges. */
      public AdamW {
        requireFraction(beta1, "beta1");
        requireFraction(beta2, "beta2");
        requireNotNegative(epsilon, "epsilon");
      }

      @Override
      public int stateFloats(int dim) {
        return 2 * dim + 1;
      }
    }

    /**
     * FTRL-proximal (H. B. McMahan et al., KDD 2013, algorithm 1), with the learning rate as alpha:
     * {@code s = (sqrt(n + g * g) - sqrt(n)) / lr; z += g - s * w; n += g * g; w = 0} where {@code
     * |z| <= l1}, else {@code w = -(z - sign(z) * l1) / ((beta + sqrt(n)) / lr + l2)}. State: z and
     * n, one of each per column.
     */
    record Ftrl(double beta, double l1, double l2) implements Rule {
      /** Checks the ranges. */
      public Ftrl {
        requirePositive(beta, "beta");
        requireNotNegative(l1, "l1");
        requireNotNegative(l2, "l2");
      }

      @Override
      public int stateFloats(int dim) {
        return 2 * dim;
      }
    }
  }

  /** Returns the optimizer of a table that does not learn. */
  public static Optimizer none() {
    return of(new Rule.None(), 1);
  }

  /** Returns plain gradient descent, learning rate 0.001. */
  public static Optimizer sgd() {
    return of(new Rule.Sgd(0), 1e-3);
  }

  /** Returns Adagrad: learning rate 0.01, initial accumulator 0, epsilon 1e-10. */
  public static Optimizer adagrad() {
    return of(new Rule.Adagrad(0, 1e-10), 1e-2);
  }

  /** Returns row-wise Adagrad: learning rate 0.01, initial accumulator 0, epsilon 1e-10. */
  public static Optimizer rowwiseAdagrad() {
    return of(new Rule.RowwiseAdagrad(0, 1e-10), 1e-2);
  }

  /** Returns Adam: learning rate 0.001, beta1 0.9, beta2 0.999, epsilon 1e-8. */
  public static Optimizer adam() {
    return of(new Rule.Adam(0.9, 0.999, 1e-8), 1e-3);
  }

  /** Returns AdamW: as {@link #adam}, weight decay 0.01. */
  public static Optimizer adamW() {
    return of(new Rule.AdamW(0.9, 0.999, 1e-8), 1e-3).withWeightDecay(1e-2);
  }

  /** Returns FTRL-proximal: alpha 0.001, beta 1, no regularization. */
  public static Optimizer ftrl() {
    return of(new Rule.Ftrl(1, 0, 0), 1e-3);
  }

  /** Returns an optimizer without weight decay, clipping or checks. */
  public static Optimizer of(Rule rule, double learningRate) {
    return new Optimizer(rule, learningRate, 0, Double.POSITIVE_INFINITY, false);
  }

  /** Returns a copy with another learning rate. */
  public Optimizer withLearningRate(double newLearningRate) {
    return new Optimizer(rule, newLearningRate, weightDecay, maxGradientNorm, rejectsNan);
  }

  /** Returns a copy with another weight decay. */
  public Optimizer withWeightDecay(double newWeightDecay) {
    return new Optimizer(rule, learningRate, newWeightDecay, maxGradientNorm, rejectsNan);
  }

  /** Returns a copy that clips gradients to another length. */
  public Optimizer withMaxGradientNorm(double newMaxGradientNorm) {
    return new Optimizer(rule, learningRate, weightDecay, newMaxGradientNorm, rejectsNan);
  }

  /** Returns a copy that refuses gradients that are not finite, or takes them. */
  public Optimizer withRejectsNan(boolean newRejectsNan) {
    return new Optimizer(rule, learningRate, weightDecay, maxGradientNorm, newRejectsNan);
  }

  /** Returns whether rows learn. */
  public boolean learns() {
    return !(rule instanceof Rule.None);
  }

  static void requirePositive(double value, String name) {
    if (!(value > 0) || !Float.isFinite((float) value)) {
      throw new IllegalArgumentException(
          "the " + name + " must be above 0 and finite, not " + value);
    }
  }

  private static void requireNotNegative(double value, String name) {
    if (!(value >= 0) || !Float.isFinite((float) value)) {
      throw new IllegalArgumentException(
          "the " + name + " must be at least 0 and finite, not " + value);
    }
  }

  private static void requireFraction(double value, String name) {
    if (!(value >= 0 && (float) value < 1)) {
      throw new IllegalArgumentException("the " + name + " must be in [0, 1), not " + value);
    }
  }
}

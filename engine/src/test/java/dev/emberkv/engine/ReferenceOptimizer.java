package dev.emberkv.engine;

/** One row under an optimizer, in double precision, written from the papers. */
final class ReferenceOptimizer {
  private final Optimizer optimizer;
  final double[] weights;
  private final double[] first;
  private final double[] second;
  private double rowSum;
  private int steps;

  ReferenceOptimizer(Optimizer optimizer, float[] initial) {
    this.optimizer = optimizer;
    this.weights = new double[initial.length];
    this.first = new double[initial.length];
    this.second = new double[initial.length];
    for (int i = 0; i < initial.length; i++) {
      weights[i] = initial[i];
    }
    if (optimizer.rule() instanceof Optimizer.Rule.Adagrad(double accumulator, double epsilon)) {
      java.util.Arrays.fill(first, accumulator);
    }
    if (optimizer.rule()
        instanceof Optimizer.Rule.RowwiseAdagrad(double accumulator, double epsilon)) {
      rowSum = accumulator;
    }
  }

  void step(double[] gradient, double rate) {
    double[] g = gradient.clone();
    double norm = 0;
    for (double value : g) {
      norm += value * value;
    }
    norm = Math.sqrt(norm);
    boolean decoupled = optimizer.rule() instanceof Optimizer.Rule.AdamW;
    for (int i = 0; i < g.length; i++) {
      if (norm > optimizer.maxGradientNorm()) {
        g[i] *= optimizer.maxGradientNorm() / norm;
      }
      if (decoupled) {
        weights[i] -= rate * optimizer.weightDecay() * weights[i];
      } else {
        g[i] += optimizer.weightDecay() * weights[i];
      }
    }
    steps++;
    switch (optimizer.rule()) {
      case Optimizer.Rule.None none -> throw new AssertionError();
      case Optimizer.Rule.Sgd(double momentum) -> {
        for (int i = 0; i < g.length; i++) {
          first[i] = momentum * first[i] + g[i];
          weights[i] -= rate * first[i];
        }
      }
      case Optimizer.Rule.Adagrad(double accumulator, double epsilon) -> {
        for (int i = 0; i < g.length; i++) {
          first[i] += g[i] * g[i];
          weights[i] -= rate * g[i] / (Math.sqrt(first[i]) + epsilon);
        }
      }
      case Optimizer.Rule.RowwiseAdagrad(double accumulator, double epsilon) -> {
        double squares = 0;
        for (double value : g) {
          squares += value * value;
        }
        rowSum += squares / g.length;
        for (int i = 0; i < g.length; i++) {
          weights[i] -= rate * g[i] / (Math.sqrt(rowSum) + epsilon);
        }
      }
      case Optimizer.Rule.Adam(double beta1, double beta2, double epsilon) ->
          adam(g, rate, beta1, beta2, epsilon);
      case Optimizer.Rule.AdamW(double beta1, double beta2, double epsilon) ->
          adam(g, rate, beta1, beta2, epsilon);
      case Optimizer.Rule.Ftrl(double beta, double l1, double l2) -> {
        for (int i = 0; i < g.length; i++) {
          double after = second[i] + g[i] * g[i];
          double sigma = (Math.sqrt(after) - Math.sqrt(second[i])) / rate;
          first[i] += g[i] - sigma * weights[i];
          second[i] = after;
          double z = first[i];
          weights[i] =
              Math.abs(z) <= l1
                  ? 0
                  : -(z - Math.signum(z) * l1) / ((beta + Math.sqrt(after)) / rate + l2);
        }
      }
    }
  }

  private void adam(double[] g, double rate, double beta1, double beta2, double epsilon) {
    for (int i = 0; i < g.length; i++) {
      first[i] = beta1 * first[i] + (1 - beta1) * g[i];
      second[i] = beta2 * second[i] + (1 - beta2) * g[i] * g[i];
      double mean = first[i] / (1 - Math.pow(beta1, steps));
      double square = second[i] / (1 - Math.pow(beta2, steps));
      weights[i] -= rate * mean / (Math.sqrt(square) + epsilon);
    }
  }
}

package dev.emberkv.engine;

import java.nio.ByteBuffer;

/**
 * The form in which an optimizer stands in a table's definition: a byte for the rule, a byte of
 * flags, and six binary64 values: learning rate, weight decay, largest gradient norm, and up to
 * three parameters of the rule; see docs/DATA_FILE.md.
 */
final class OptimizerCodec {
  static final int BYTES = 2 + 6 * Double.BYTES;

  private static final byte REJECTS_NAN = 1;

  private OptimizerCodec() {}

  static void encode(Optimizer optimizer, ByteBuffer out) {
    double[] p = new double[3];
    int code =
        switch (optimizer.rule()) {
          case Optimizer.Rule.None() -> 0;
          case Optimizer.Rule.Sgd(double momentum) -> {
            p[0] = momentum;
            yield 1;
          }
          case Optimizer.Rule.Adagrad(double accumulator, double epsilon) -> {
            p[0] = accumulator;
            p[1] = epsilon;
            yield 2;
          }
          case Optimizer.Rule.RowwiseAdagrad(double accumulator, double epsilon) -> {
            p[0] = accumulator;
            p[1] = epsilon;
            yield 3;
          }
          case Optimizer.Rule.Adam(double beta1, double beta2, double epsilon) -> {
            p = new double[] {beta1, beta2, epsilon};
            yield 4;
          }
          case Optimizer.Rule.AdamW(double beta1, double beta2, double epsilon) -> {
            p = new double[] {beta1, beta2, epsilon};
            yield 5;
          }
          case Optimizer.Rule.Ftrl(double beta, double l1, double l2) -> {
            p = new double[] {beta, l1, l2};
            yield 6;
          }
        };
    out.put((byte) code)
        .put(optimizer.rejectsNan() ? REJECTS_NAN : 0)
        .putDouble(optimizer.learningRate())
        .putDouble(optimizer.weightDecay())
        .putDouble(optimizer.maxGradientNorm());
    for (double parameter : p) {
      out.putDouble(parameter);
    }
  }

  static Optimizer decode(ByteBuffer in) {
    int code = in.get();
    boolean rejectsNan = (in.get() & REJECTS_NAN) != 0;
    double learningRate = in.getDouble();
    double weightDecay = in.getDouble();
    double maxGradientNorm = in.getDouble();
    double first = in.getDouble();
    double second = in.getDouble();
    double third = in.getDouble();
    Optimizer.Rule rule =
        switch (code) {
          case 0 -> new Optimizer.Rule.None();
          case 1 -> new Optimizer.Rule.Sgd(first);
          case 2 -> new Optimizer.Rule.Adagrad(first, second);
          case 3 -> new Optimizer.Rule.RowwiseAdagrad(first, second);
          case 4 -> new Optimizer.Rule.Adam(first, second, third);
          case 5 -> new Optimizer.Rule.AdamW(first, second, third);
          case 6 -> new Optimizer.Rule.Ftrl(first, second, third);
          default -> throw new IllegalStateException("no optimizer has the code " + code);
        };
    return new Optimizer(rule, learningRate, weightDecay, maxGradientNorm, rejectsNan);
  }
}

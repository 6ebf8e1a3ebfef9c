package dev.emberkv.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Computes the row of an id that was never written, from (seed, table name, key, column) alone,
 * with the same bits on every machine.
 *
 * <p>Random columns are outputs of SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014) at the
 * state that key and column give; normal ones go through algorithm AS 241, PPND7 (M. Wichura,
 * Applied Statistics 37, 1988), with the uniform drawn between the quantiles of plus and minus two
 * deviations.
 *
 * <p>Thread-safe.
 */
final class RowInitializer {
  private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;
  private static final double QUANTILE_OF_MINUS_TWO = 0.022750131948179195;
  private static final double TWO_POW_MINUS_53 = 0x1p-53;

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final TableSpec spec;
  private final int rowBytes;
  private final long tableSeed;

  RowInitializer(TableSpec spec) {
    this.spec = spec;
    this.rowBytes = spec.rowBytes();
    long hash = spec.seed();
    for (byte b : spec.name().getBytes(StandardCharsets.UTF_8)) {
      hash = mix(hash + GOLDEN_GAMMA + b);
    }
    this.tableSeed = hash;
  }

  int rowBytes() {
    return rowBytes;
  }

  /** Writes the initial row of a key. */
  void write(long key, MemorySegment rows, long offset) {
    if (spec.initializer() instanceof Initializer.Zeros) {
      rows.asSlice(offset, rowBytes).fill((byte) 0);
      return;
    }
    int dim = spec.dim();
    if (spec.dtype() == Dtype.F32) {
      for (int column = 0; column < dim; column++) {
        rows.set(FLOAT, offset + column * 4L, value(key, column));
      }
      return;
    }
    float[] values = new float[dim];
    for (int column = 0; column < dim; column++) {
      values[column] = value(key, column);
    }
    MemorySegment source = MemorySegment.ofArray(values);
    switch (spec.dtype()) {
      case F16 -> ScalarNumbers.floatToHalf(source, 0, rows, offset, 0, dim);
      case BF16 -> ScalarNumbers.floatToBfloat(source, 0, rows, offset, 0, dim);
      default -> {
        float low = ScalarNumbers.least(source, 0, 0, dim, Float.POSITIVE_INFINITY);
        float high = ScalarNumbers.greatest(source, 0, 0, dim, Float.NEGATIVE_INFINITY);
        ScalarNumbers.putRange(rows, offset, dim, low, high);
        ScalarNumbers.floatToBytes(source, 0, rows, offset, 0, dim);
      }
    }
  }

  private float value(long key, int column) {
    return switch (spec.initializer()) {
      case Initializer.Zeros zeros -> 0;
      case Initializer.Constant constant -> constant.value();
      case Initializer.Uniform uniform -> {
        double unit = unit(key, column);
        float value = (float) (uniform.low() + unit * ((double) uniform.high() - uniform.low()));
        yield Math.min(value, Math.nextDown(uniform.high()));
      }
      case Initializer.Normal normal -> {
        double probability =
            QUANTILE_OF_MINUS_TWO + unit(key, column) * (1 - 2 * QUANTILE_OF_MINUS_TWO);
        yield (float) (normal.mean() + normal.deviation() * quantile(probability));
      }
    };
  }

  /** Returns a number in [0, 1). */
  private double unit(long key, int column) {
    long state = mix(tableSeed + key * GOLDEN_GAMMA) + (column + 1L) * GOLDEN_GAMMA;
    return (mix(state) >>> 11) * TWO_POW_MINUS_53;
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  /** The normal quantile function for probabilities within two deviations. */
  static double quantile(double probability) {
    double q = probability - 0.5;
    if (Math.abs(q) <= 0.425) {
      double r = 0.180625 - q * q;
      return q
          * (((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179)
          / (((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1);
    }
    double tail = Math.min(probability, 1 - probability);
    double r = StrictMath.sqrt(-StrictMath.log(tail)) - 1.6;
    double value =
        (((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777)
            / ((0.12021132975 * r + 0.73700164250) * r + 1);
    return q < 0 ? -value : value;
  }
}

package dev.emberkv.engine;

import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.LE;

import dev.emberkv.uring.RawMemory;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The formulas of {@link ScalarSteps} in vector code. Each method does the columns that fill whole
 * vectors and returns how many these were; the scalar twin does the rest.
 *
 * <p>Stateless. Only to be touched where {@link dev.emberkv.uring.Vectors#ENABLED}.
 */
final class VectorSteps {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();
  private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

  private VectorSteps() {}

  static int descend(long weights, long gradient, float rate, int dim) {
    int i = 0;
    for (; i <= dim - LANES; i += LANES) {
      FloatVector step = load(gradient, i).mul(rate);
      store(load(weights, i).sub(step), weights, i);
    }
    return i;
  }

  static int momentum(
      long weights, long state, long gradient, float rate, float momentum, int dim) {
    int i = 0;
    for (; i <= dim - LANES; i += LANES) {
      FloatVector velocity = load(state, i).mul(momentum).add(load(gradient, i));
      store(velocity, state, i);
      store(load(weights, i).sub(velocity.mul(rate)), weights, i);
    }
    return i;
  }

  static int adagrad(long weights, long state, long gradient, float rate, float epsilon, int dim) {
    int i = 0;
    for (; i <= dim - LANES; i += LANES) {
      FloatVector g = load(gradient, i);
      FloatVector sum = load(state, i).add(g.mul(g));
      store(sum, state, i);
      FloatVector step = g.mul(rate).div(sum.sqrt().add(epsilon));
      store(load(weights, i).sub(step), weights, i);
    }
    return i;
  }

  static int adam(
      long weights,
      long state,
      long gradient,
      ScalarSteps.Adam adam,
      float rate,
      float unbias,
      float decay,
      int dim) {
    long squares = state + 4L * dim;
    int i = 0;
    for (; i <= dim - LANES; i += LANES) {
      FloatVector g = load(gradient, i);
      FloatVector mean = load(state, i).mul(adam.keepMean()).add(g.mul(adam.addMean()));
      FloatVector square =
          load(squares, i).mul(adam.keepSquare()).add(g.mul(adam.addSquare()).mul(g));
      store(mean, state, i);
      store(square, squares, i);
      FloatVector step = mean.mul(rate).div(square.sqrt().mul(unbias).add(adam.epsilon()));
      FloatVector weight = load(weights, i);
      store(weight.sub(weight.mul(decay).add(step)), weights, i);
    }
    return i;
  }

  static int ftrl(
      long weights, long state, long gradient, Optimizer.Rule.Ftrl rule, float rate, int dim) {
    long squares = state + 4L * dim;
    float beta = (float) rule.beta();
    float l1 = (float) rule.l1();
    float l2 = (float) rule.l2();
    int i = 0;
    for (; i <= dim - LANES; i += LANES) {
      FloatVector g = load(gradient, i);
      FloatVector before = load(squares, i);
      FloatVector square = g.mul(g);
      FloatVector after = before.add(square);
      FloatVector rootAfter = after.sqrt();
      FloatVector sigma =
          square.div(before.sqrt().add(rootAfter)).div(rate).blend(0, after.compare(EQ, 0));
      FloatVector z = load(state, i).add(g).sub(sigma.mul(load(weights, i)));
      store(after, squares, i);
      store(z, state, i);
      FloatVector bound =
          z.reinterpretAsInts()
              .and(0x80000000)
              .or(Float.floatToRawIntBits(l1))
              .reinterpretAsFloats();
      FloatVector pull = bound.sub(z).div(rootAfter.add(beta).div(rate).add(l2));
      store(pull.blend(0, z.abs().compare(LE, l1)), weights, i);
    }
    return i;
  }

  static int addScaled(long target, long a, float factor, long b, int dim) {
    int i = 0;
    for (; i <= dim - LANES; i += LANES) {
      store(load(a, i).add(load(b, i).mul(factor)), target, i);
    }
    return i;
  }

  static int scale(long target, float factor, int dim) {
    int i = 0;
    for (; i <= dim - LANES; i += LANES) {
      store(load(target, i).mul(factor), target, i);
    }
    return i;
  }

  /** Adds rows to a sum; the columns that a vector holds stay in a register meanwhile. */
  static int addRows(long sum, long rows, int count, int dim) {
    int i = 0;
    for (; i <= dim - LANES; i += LANES) {
      FloatVector total = load(sum, i);
      long row = rows;
      for (int n = 0; n < count; n++, row += 4L * dim) {
        total = total.add(load(row, i));
      }
      store(total, sum, i);
    }
    return i;
  }

  /** Adds rows to a sum, each times its weight. */
  static int addWeightedRows(long sum, long rows, int count, long weights, int dim) {
    int i = 0;
    for (; i <= dim - LANES; i += LANES) {
      FloatVector total = load(sum, i);
      long row = rows;
      for (int n = 0; n < count; n++, row += 4L * dim) {
        total = total.add(load(row, i).mul(RawMemory.getFloat(weights + 4L * n)));
      }
      store(total, sum, i);
    }
    return i;
  }

  private static FloatVector load(long address, int column) {
    return FloatVector.fromMemorySegment(
        SPECIES, RawMemory.all(), RawMemory.canonical(address) + 4L * column, ORDER);
  }

  private static void store(FloatVector vector, long address, int column) {
    vector.intoMemorySegment(RawMemory.all(), RawMemory.canonical(address) + 4L * column, ORDER);
  }
}

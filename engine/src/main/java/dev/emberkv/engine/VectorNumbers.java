package dev.emberkv.engine;

import static jdk.incubator.vector.VectorOperators.B2F;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.F2B;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.MIN;
import static jdk.incubator.vector.VectorOperators.OR;
import static jdk.incubator.vector.VectorOperators.XOR;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import dev.emberkv.uring.RawMemory;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The conversions of {@link ScalarNumbers} in vector code, between absolute addresses. Each method
 * converts whole vectors and returns how many elements that were; the scalar twin does the rest.
 *
 * <p>Stateless. Only to be touched where {@link dev.emberkv.uring.Vectors#ENABLED}.
 */
final class VectorNumbers {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(FLOATS.vectorBitSize() / 2));
  private static final VectorSpecies<Byte> BYTES =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(FLOATS.vectorBitSize() / 4));
  private static final int LANES = FLOATS.length();
  private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

  private VectorNumbers() {}

  static int halfToFloat(long from, long to, int dim) {
    int done = 0;
    for (; done <= dim - LANES; done += LANES) {
      IntVector half = loadShorts(from + 2L * done);
      IntVector shifted = half.and(0x7fff).lanewise(LSHL, 13);
      IntVector exponent = shifted.and(ScalarNumbers.HALF_EXPONENT);
      IntVector normal = shifted.add(ScalarNumbers.HALF_REBIAS);
      VectorMask<Integer> special = exponent.compare(EQ, ScalarNumbers.HALF_EXPONENT);
      IntVector bits = normal.add(ScalarNumbers.HALF_REBIAS, special);
      bits = bits.lanewise(OR, 1 << 22, bits.compare(GT, ScalarNumbers.FLOAT_INFINITY));
      IntVector small =
          normal
              .add(1 << 23)
              .reinterpretAsFloats()
              .sub(Float.intBitsToFloat(ScalarNumbers.HALF_SMALLEST))
              .reinterpretAsInts();
      bits = bits.blend(small, exponent.compare(EQ, 0));
      IntVector sign = half.and(0x8000).lanewise(LSHL, 16);
      store(bits.or(sign).reinterpretAsFloats(), to + 4L * done);
    }
    return done;
  }

  static int floatToHalf(long from, long to, int dim) {
    int done = 0;
    for (; done <= dim - LANES; done += LANES) {
      IntVector all = load(from + 4L * done).reinterpretAsInts();
      IntVector sign = all.and(0x80000000);
      IntVector bits = all.lanewise(XOR, sign);
      IntVector odd = bits.lanewise(LSHR, 13).and(1);
      IntVector half = bits.sub(ScalarNumbers.HALF_REBIAS).add(0xfff).add(odd).lanewise(LSHR, 13);
      IntVector small =
          bits.reinterpretAsFloats()
              .add(Float.intBitsToFloat(ScalarNumbers.HALF_DENORMAL))
              .reinterpretAsInts()
              .sub(ScalarNumbers.HALF_DENORMAL);
      half = half.blend(small, bits.compare(LT, ScalarNumbers.HALF_SMALLEST));
      half = half.blend(0x7c00, bits.compare(GT, ScalarNumbers.HALF_TOO_LARGE - 1));
      half = half.blend(0x7e00, bits.compare(GT, ScalarNumbers.FLOAT_INFINITY));
      storeShorts(half.or(sign.lanewise(LSHR, 16)), to + 2L * done);
    }
    return done;
  }

  static int bfloatToFloat(long from, long to, int dim) {
    int done = 0;
    for (; done <= dim - LANES; done += LANES) {
      IntVector bits = loadShorts(from + 2L * done).lanewise(LSHL, 16);
      store(bits.reinterpretAsFloats(), to + 4L * done);
    }
    return done;
  }

  static int floatToBfloat(long from, long to, int dim) {
    int done = 0;
    for (; done <= dim - LANES; done += LANES) {
      IntVector bits = load(from + 4L * done).reinterpretAsInts();
      IntVector odd = bits.lanewise(LSHR, 16).and(1);
      IntVector rounded = bits.add(0x7fff).add(odd).lanewise(LSHR, 16);
      IntVector quiet = bits.lanewise(LSHR, 16).or(0x40);
      VectorMask<Integer> nan = bits.and(0x7fffffff).compare(GT, ScalarNumbers.FLOAT_INFINITY);
      storeShorts(rounded.blend(quiet, nan), to + 2L * done);
    }
    return done;
  }

  static int bytesToFloat(long from, long to, int dim, float scale, float offset) {
    int done = 0;
    for (; done <= dim - LANES; done += LANES) {
      FloatVector steps =
          (FloatVector)
              ByteVector.fromMemorySegment(BYTES, RawMemory.all(), at(from + done), ORDER)
                  .convertShape(B2F, FLOATS, 0);
      store(steps.mul(scale).add(offset), to + 4L * done);
    }
    return done;
  }

  /** Returns the least of the elements that fill whole vectors; infinity if there are none. */
  static float least(long from, int dim) {
    FloatVector least = FloatVector.broadcast(FLOATS, Float.POSITIVE_INFINITY);
    for (int i = 0; i <= dim - LANES; i += LANES) {
      least = least.min(load(from + 4L * i));
    }
    return least.reduceLanes(MIN);
  }

  /** Returns the greatest of the elements that fill whole vectors; -infinity if there are none. */
  static float greatest(long from, int dim) {
    FloatVector greatest = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
    for (int i = 0; i <= dim - LANES; i += LANES) {
      greatest = greatest.max(load(from + 4L * i));
    }
    return greatest.reduceLanes(MAX);
  }

  /** Returns how many elements fill whole vectors. */
  static int wholeVectors(int dim) {
    return dim - dim % LANES;
  }

  /** Rounds to steps of a scale above 0. */
  static int floatToBytes(long from, long to, int dim, float scale, float offset) {
    int done = 0;
    for (; done <= dim - LANES; done += LANES) {
      FloatVector steps = load(from + 4L * done).sub(offset).div(scale);
      FloatVector whole =
          steps.min(127).max(-128).add(ScalarNumbers.ROUNDER).sub(ScalarNumbers.ROUNDER);
      ByteVector bytes = (ByteVector) whole.convertShape(F2B, BYTES, 0);
      bytes.intoMemorySegment(RawMemory.all(), at(to + done), ORDER);
    }
    return done;
  }

  private static FloatVector load(long address) {
    return FloatVector.fromMemorySegment(FLOATS, RawMemory.all(), at(address), ORDER);
  }

  private static void store(FloatVector vector, long address) {
    vector.intoMemorySegment(RawMemory.all(), at(address), ORDER);
  }

  private static IntVector loadShorts(long address) {
    return (IntVector)
        ShortVector.fromMemorySegment(SHORTS, RawMemory.all(), at(address), ORDER)
            .convertShape(ZERO_EXTEND_S2I, INTS, 0);
  }

  private static void storeShorts(IntVector vector, long address) {
    ShortVector shorts = (ShortVector) vector.convertShape(I2S, SHORTS, 0);
    shorts.intoMemorySegment(RawMemory.all(), at(address), ORDER);
  }

  private static long at(long address) {
    return RawMemory.canonical(address);
  }
}

package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.emberkv.uring.RawMemory;
import dev.emberkv.uring.Vectors;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class NumbersTest {
  @Test
  void everyHalfFloatIsReadAsTheJdkReadsIt() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      float expected = Float.float16ToFloat((short) bits);
      float found = ScalarNumbers.halfToFloat((short) bits);
      if (Float.isNaN(expected)) {
        assertThat(found).isNaN();
      } else {
        assertThat(Float.floatToRawIntBits(found)).isEqualTo(Float.floatToRawIntBits(expected));
        assertThat(ScalarNumbers.floatToHalf(found)).isEqualTo((short) bits);
      }
    }
  }

  @Test
  void floatsAreRoundedToHalfFloatsAsTheJdkRoundsThem() {
    Random random = new Random(7);
    for (int i = 0; i < 2_000_000; i++) {
      // half of them where half floats are, the others anywhere
      float value =
          i % 2 == 0
              ? Float.intBitsToFloat(random.nextInt())
              : (float) Math.scalb(random.nextGaussian(), random.nextInt(44) - 26);
      short found = ScalarNumbers.floatToHalf(value);
      if (Float.isNaN(value)) {
        assertThat(Float.float16ToFloat(found)).isNaN();
      } else {
        assertThat(found).as("of %s", value).isEqualTo(Float.floatToFloat16(value));
      }
    }
  }

  @Test
  void floatsAreRoundedToTheNearestBfloatAndNansStay() {
    assertThat(ScalarNumbers.floatToBfloat(1f)).isEqualTo((short) 0x3f80);
    assertThat(bfloat(0x3f808000)).isEqualTo((short) 0x3f80);
    assertThat(bfloat(0x3f818000)).isEqualTo((short) 0x3f82);
    assertThat(bfloat(0x3f808001)).isEqualTo((short) 0x3f81);
    assertThat(bfloat(0x7f7fffff)).isEqualTo((short) 0x7f80);
    assertThat(bfloat(0x7fffffff)).isEqualTo((short) 0x7fff);
    assertThat(bfloat(0x7f800001)).isEqualTo((short) 0x7fc0);
    assertThat(bfloat(0xff800001)).isEqualTo((short) 0xffc0);
  }

  private static short bfloat(int bits) {
    return ScalarNumbers.floatToBfloat(Float.intBitsToFloat(bits));
  }

  @Test
  void bytesComeWithinHalfAStep() {
    float[][] rows = {
      {0.1f, 0.1f, 0.1f},
      {-3, 5, 1, 2, 0.25f},
      {0},
      {1000, 1000.0001f},
      {1e-42f, 3e-42f, 2e-42f},
      {Float.MAX_VALUE / 2, -Float.MAX_VALUE / 2, 0}
    };
    for (float[] row : rows) {
      float low = row[0];
      float high = row[0];
      for (float value : row) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
      double step = ((double) high - low) / 255;
      double slack = 0.51 * step + 2 * (Math.ulp(high) + Math.ulp(low));
      float[] found = roundTrip(Dtype.I8, row, Vectors.ENABLED);
      for (int i = 0; i < row.length; i++) {
        assertThat((double) found[i]).isCloseTo(row[i], within(slack));
      }
    }
    assertThat(roundTrip(Dtype.I8, new float[] {0.1f, 0.1f}, false)).containsOnly(0.1f);
    assertThat(roundTrip(Dtype.I8, new float[] {1, Float.NaN, 2}, false)).containsOnly(Float.NaN);
    assertThat(roundTrip(Dtype.I8, new float[] {Float.MAX_VALUE, -Float.MAX_VALUE}, true))
        .containsOnly(Float.NaN);
    assertThat(roundTrip(Dtype.I8, new float[] {1, Float.POSITIVE_INFINITY}, false))
        .containsOnly(Float.NaN);
  }

  private static float[] roundTrip(Dtype dtype, float[] row, boolean vectors) {
    Numbers numbers = new Numbers(dtype, row.length, vectors);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment floats = arena.allocateFrom(ValueLayout.JAVA_FLOAT, row);
      MemorySegment stored = arena.allocate(dtype.rowBytes(row.length));
      numbers.encode(floats.address(), stored.address());
      numbers.decode(stored.address(), floats.address());
      return floats.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void vectorAndScalarCodeGiveTheSameBits(Dtype dtype) {
    Assumptions.assumeTrue(Vectors.ENABLED, "no vector code on this machine");
    Random random = new Random(11);
    try (Arena arena = Arena.ofConfined()) {
      for (int round = 0; round < 3000; round++) {
        int dim = 1 + random.nextInt(round % 10 == 0 ? 300 : 70);
        // not aligned to anything
        long floats = arena(arena, dim * 4L) + random.nextInt(64);
        fill(random, floats, dim, dtype == Dtype.I8 && random.nextInt(10) > 0);
        long byVector = arena(arena, dtype.rowBytes(dim));
        long byScalar = arena(arena, dtype.rowBytes(dim));
        Numbers vectors = new Numbers(dtype, dim, true);
        Numbers scalar = new Numbers(dtype, dim, false);
        vectors.encode(floats, byVector);
        scalar.encode(floats, byScalar);
        requireEqual(byVector, byScalar, dtype.rowBytes(dim));
        if (dtype == Dtype.F16 || dtype == Dtype.BF16) {
          for (int i = 0; i < dim; i++) {
            RawMemory.putShort(byVector + 2L * i, (short) random.nextInt());
          }
          RawMemory.copy(byVector, byScalar, 2L * dim);
        }
        long decodedByVector = arena(arena, dim * 4L);
        long decodedByScalar = arena(arena, dim * 4L);
        vectors.decode(byVector, decodedByVector);
        scalar.decode(byScalar, decodedByScalar);
        requireEqual(decodedByVector, decodedByScalar, dim * 4);
      }
    }
  }

  private static long arena(Arena arena, long bytes) {
    return arena.allocate(bytes + 128, 64).address();
  }

  private static void fill(Random random, long floats, int dim, boolean finite) {
    float scale = Math.scalb(1f, random.nextInt(60) - 40);
    for (int i = 0; i < dim; i++) {
      float value =
          finite || random.nextBoolean()
              ? scale * (float) random.nextGaussian()
              : Float.intBitsToFloat(random.nextInt());
      RawMemory.putFloat(floats + 4L * i, value);
    }
  }

  private static void requireEqual(long left, long right, int bytes) {
    for (int i = 0; i < bytes; i++) {
      if (RawMemory.getByte(left + i) != RawMemory.getByte(right + i)) {
        throw new AssertionError("byte %d of %d differs".formatted(i, bytes));
      }
    }
  }
}

package dev.emberkv.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Conversion of embeddings between their number formats and f32, element by element. The vector
 * code of {@link VectorNumbers} does the same operations in the same order and gives the same bits.
 *
 * <p>Half floats are converted with the integer method of F. Giesen ("half_to_float" and
 * "float_to_half_fast3_rtne", 2012): exact one way, to the nearest with ties to even the other;
 * every NaN becomes the quiet one of its sign.
 *
 * <p>Stateless. Methods convert the elements from {@code first} on, up to {@code dim}; {@code from}
 * and {@code to} are where element 0 is.
 */
final class ScalarNumbers {
  static final int HALF_EXPONENT = 0x0f800000;
  static final int HALF_REBIAS = (127 - 15) << 23;
  static final int HALF_SMALLEST = 113 << 23;
  static final int HALF_TOO_LARGE = (127 + 16) << 23;
  static final int HALF_DENORMAL = 126 << 23;
  static final int FLOAT_INFINITY = 0x7f800000;

  /** Added and subtracted, it rounds a small float to the nearest integer, ties to even. */
  static final float ROUNDER = 0x1.8p23f;

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private ScalarNumbers() {}

  static void halfToFloat(
      MemorySegment source, long from, MemorySegment target, long to, int first, int dim) {
    for (int i = first; i < dim; i++) {
      target.set(FLOAT, to + 4L * i, halfToFloat(source.get(SHORT, from + 2L * i)));
    }
  }

  static void floatToHalf(
      MemorySegment source, long from, MemorySegment target, long to, int first, int dim) {
    for (int i = first; i < dim; i++) {
      target.set(SHORT, to + 2L * i, floatToHalf(source.get(FLOAT, from + 4L * i)));
    }
  }

  static void bfloatToFloat(
      MemorySegment source, long from, MemorySegment target, long to, int first, int dim) {
    for (int i = first; i < dim; i++) {
      int bits = source.get(SHORT, from + 2L * i) << 16;
      target.set(FLOAT, to + 4L * i, Float.intBitsToFloat(bits));
    }
  }

  static void floatToBfloat(
      MemorySegment source, long from, MemorySegment target, long to, int first, int dim) {
    for (int i = first; i < dim; i++) {
      target.set(SHORT, to + 2L * i, floatToBfloat(source.get(FLOAT, from + 4L * i)));
    }
  }

  /** Computes {@code q * scale + offset}. */
  static void bytesToFloat(
      MemorySegment source, long from, MemorySegment target, long to, int first, int dim) {
    float scale = source.get(FLOAT, from + dim);
    float offset = source.get(FLOAT, from + dim + Float.BYTES);
    for (int i = first; i < dim; i++) {
      byte quantized = source.get(ValueLayout.JAVA_BYTE, from + i);
      target.set(FLOAT, to + 4L * i, quantized * scale + offset);
    }
  }

  /** Returns the least element, or NaN if one is NaN. */
  static float least(MemorySegment source, long from, int first, int dim, float start) {
    float least = start;
    for (int i = first; i < dim; i++) {
      least = Math.min(least, source.get(FLOAT, from + 4L * i));
    }
    return least;
  }

  /** Returns the greatest element, or NaN if one is NaN. */
  static float greatest(MemorySegment source, long from, int first, int dim, float start) {
    float greatest = start;
    for (int i = first; i < dim; i++) {
      greatest = Math.max(greatest, source.get(FLOAT, from + 4L * i));
    }
    return greatest;
  }

  /**
   * Writes scale and offset of a row whose elements lie between {@code low} and {@code high}: the
   * range is cut into 255 steps, of which the middle one stands for 0. A row of equal elements has
   * the scale 0; one whose range is not finite reads as NaN throughout.
   */
  static void putRange(MemorySegment target, long to, int dim, float low, float high) {
    float scale = Float.NaN;
    float offset = Float.NaN;
    if (Float.isFinite(high - low)) {
      scale = (high - low) / 255;
      offset = scale == 0 ? low : low + 128 * scale;
    }
    target.set(FLOAT, to + dim, scale);
    target.set(FLOAT, to + dim + Float.BYTES, offset);
  }

  /** Rounds to steps of the scale that {@link #putRange} wrote. */
  static void floatToBytes(
      MemorySegment source, long from, MemorySegment target, long to, int first, int dim) {
    float scale = target.get(FLOAT, to + dim);
    float offset = target.get(FLOAT, to + dim + Float.BYTES);
    boolean flat = !(scale > 0);
    for (int i = first; i < dim; i++) {
      float steps = flat ? 0 : (source.get(FLOAT, from + 4L * i) - offset) / scale;
      float whole = Math.max(-128, Math.min(127, steps)) + ROUNDER - ROUNDER;
      target.set(ValueLayout.JAVA_BYTE, to + i, (byte) whole);
    }
  }

  static float halfToFloat(short half) {
    int bits = (half & 0x7fff) << 13;
    int exponent = bits & HALF_EXPONENT;
    bits += HALF_REBIAS;
    if (exponent == HALF_EXPONENT) {
      bits += HALF_REBIAS;
      if (bits > FLOAT_INFINITY) {
        bits |= 1 << 22;
      }
    } else if (exponent == 0) {
      float value = Float.intBitsToFloat(bits + (1 << 23)) - Float.intBitsToFloat(HALF_SMALLEST);
      bits = Float.floatToRawIntBits(value);
    }
    return Float.intBitsToFloat(bits | (half & 0x8000) << 16);
  }

  static short floatToHalf(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = bits & 0x80000000;
    bits ^= sign;
    int half;
    if (bits >= HALF_TOO_LARGE) {
      half = bits > FLOAT_INFINITY ? 0x7e00 : 0x7c00;
    } else if (bits < HALF_SMALLEST) {
      float sum = Float.intBitsToFloat(bits) + Float.intBitsToFloat(HALF_DENORMAL);
      half = Float.floatToRawIntBits(sum) - HALF_DENORMAL;
    } else {
      half = (bits - HALF_REBIAS + 0xfff + (bits >>> 13 & 1)) >>> 13;
    }
    return (short) (half | sign >>> 16);
  }

  /** Rounds to the nearest bf16, ties to even; a NaN stays one. */
  static short floatToBfloat(float value) {
    int bits = Float.floatToRawIntBits(value);
    if ((bits & 0x7fffffff) > FLOAT_INFINITY) {
      return (short) (bits >>> 16 | 0x40);
    }
    return (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
  }
}

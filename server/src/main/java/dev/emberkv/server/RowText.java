package dev.emberkv.server;

import dev.emberkv.engine.Dtype;
import dev.emberkv.engine.TableSpec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Rows and numbers as text for people. */
final class RowText {
  private static final ValueLayout.OfFloat F32 =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort BITS16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private RowText() {}

  /** Returns the elements of the row at {@code offset}, separated by blanks. */
  static String row(TableSpec spec, MemorySegment rows, long offset) {
    StringBuilder text = new StringBuilder(spec.dim() * 8);
    for (int column = 0; column < spec.dim(); column++) {
      if (column > 0) {
        text.append(' ');
      }
      text.append(number(element(spec, rows, offset, column)));
    }
    return text.toString();
  }

  /** Returns one element of the row at {@code offset} as a float. */
  static float element(TableSpec spec, MemorySegment rows, long offset, int column) {
    return switch (spec.dtype()) {
      case F32 -> rows.get(F32, offset + 4L * column);
      case F16 -> Float.float16ToFloat(rows.get(BITS16, offset + 2L * column));
      case BF16 -> Float.intBitsToFloat(rows.get(BITS16, offset + 2L * column) << 16);
      case I8 -> {
        float scale = rows.get(F32, offset + spec.dim());
        float shift = rows.get(F32, offset + spec.dim() + 4L);
        yield rows.get(ValueLayout.JAVA_BYTE, offset + column) * scale + shift;
      }
    };
  }

  /** Returns the shortest text that reads back as the same float, without a trailing {@code .0}. */
  static String number(float value) {
    return trimmed(Float.toString(value));
  }

  /** Returns the shortest text that reads back as the same double, as RESP3 spells it. */
  static String number(double value) {
    if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "-inf";
    }
    return Double.isNaN(value) ? "nan" : trimmed(Double.toString(value));
  }

  private static String trimmed(String text) {
    return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
  }

  /** Returns a table's number format as the commands spell it. */
  static String dtype(Dtype dtype) {
    return switch (dtype) {
      case F32 -> "f32";
      case F16 -> "f16";
      case BF16 -> "bf16";
      case I8 -> "i8";
    };
  }
}

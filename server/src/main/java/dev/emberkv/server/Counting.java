package dev.emberkv.server;

import dev.emberkv.engine.StringEntry;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The commands that count: strings that are numbers. */
final class Counting {
  private final Data data;

  Counting(Data data) {
    this.data = data;
  }

  /** Answers INCR and DECR. */
  Command.Handler step(long by) {
    return (request, session, out) -> add(request, session, by, out);
  }

  /** Answers INCRBY. */
  void increase(Request request, Session session, RespEncoder out) {
    add(request, session, request.integer(2), out);
  }

  /** Answers DECRBY. */
  void decrease(Request request, Session session, RespEncoder out) {
    long by = request.integer(2);
    if (by == Long.MIN_VALUE) {
      throw new CommandException("ERR decrement would overflow");
    }
    add(request, session, -by, out);
  }

  private void add(Request request, Session session, long by, RespEncoder out) {
    long[] result = new long[1];
    data.editString(
        request,
        session,
        seen -> {
          result[0] = sum(seen == null ? null : seen.value(), by);
          byte[] text = Long.toString(result[0]).getBytes(StandardCharsets.US_ASCII);
          return seen == null ? StringEntry.of(text) : seen.withValue(text);
        });
    out.integer(result[0]);
  }

  /** Adds to a number in decimal, 0 when there is none. */
  static long sum(byte @Nullable [] value, long by) {
    return sum(value, by, "ERR value is not an integer or out of range");
  }

  /** Adds to a number in decimal, 0 when there is none. */
  static long sum(byte @Nullable [] value, long by, String notANumber) {
    try {
      long old = value == null ? 0 : Request.integer(value, 0, value.length);
      return Math.addExact(old, by);
    } catch (ArithmeticException e) {
      throw new CommandException("ERR increment or decrement would overflow");
    } catch (CommandException e) {
      throw new CommandException(notANumber);
    }
  }

  /** Answers INCRBYFLOAT. */
  void increaseFloat(Request request, Session session, RespEncoder out) {
    BigDecimal by = number(request.bytes(2), "ERR value is not a valid float");
    byte[][] text = new byte[1][];
    data.editString(
        request,
        session,
        seen -> {
          byte[] old = seen == null ? null : seen.value();
          text[0] = sum(old, by, "ERR value is not a valid float");
          return seen == null ? StringEntry.of(text[0]) : seen.withValue(text[0]);
        });
    out.bulk(text[0]);
  }

  /**
   * Adds to a number with decimal places. Redis does that in 80-bit floats and shows 17 decimal
   * places at most; here it is exact before it is rounded to as many.
   */
  static byte[] sum(byte @Nullable [] value, BigDecimal by, String notANumber) {
    BigDecimal old = value == null ? BigDecimal.ZERO : number(value, notANumber);
    BigDecimal result = old.add(by).setScale(17, RoundingMode.HALF_EVEN).stripTrailingZeros();
    if (result.precision() - result.scale() > 4932) {
      throw new CommandException("ERR increment would produce NaN or Infinity");
    }
    return result.toPlainString().getBytes(StandardCharsets.US_ASCII);
  }

  /** Returns whether a text is one of the words for infinity. */
  static boolean isInfinite(byte[] value) {
    return new String(value, StandardCharsets.ISO_8859_1).matches("(?i)[+-]?(inf|infinity)");
  }

  /** Parses a number with decimal places. */
  static BigDecimal number(byte[] value, String notANumber) {
    if (isInfinite(value)) {
      throw new CommandException("ERR increment would produce NaN or Infinity");
    }
    String text = new String(value, StandardCharsets.ISO_8859_1);
    if (!text.matches("[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]{1,4})?")) {
      throw new CommandException(notANumber);
    }
    return new BigDecimal(text);
  }
}

package dev.emberkv.bench;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Sizes as Redis writes them: a number and a unit in any case. {@code k}, {@code m}, {@code g},
 * {@code t} are powers of 1000, {@code kb}, {@code mb}, {@code gb}, {@code tb} of 1024; {@code b}
 * or nothing is one.
 */
public final class ByteSize implements ITypeConverter<Long> {
  private static final Pattern FORM = Pattern.compile("(\\d{1,18})([kmgt]?)(b?)");
  private static final String PREFIXES = "kmgt";

  /** Made by the command line parser. */
  public ByteSize() {}

  @Override
  public Long convert(String text) {
    return parse(text);
  }

  /** Returns the number of bytes that {@code text} stands for. */
  static long parse(String text) {
    Matcher form = FORM.matcher(text.toLowerCase(Locale.ROOT));
    if (!form.matches()) {
      throw new TypeConversionException(
          "'" + text + "' is not a size such as 1000, 64mb (1024 each) or 64m (1000 each)");
    }
    long base = form.group(3).isEmpty() ? 1000 : 1024;
    int power = form.group(2).isEmpty() ? 0 : PREFIXES.indexOf(form.group(2)) + 1;
    try {
      return Math.multiplyExact(Long.parseLong(form.group(1)), Math.powExact(base, power));
    } catch (ArithmeticException e) {
      throw new TypeConversionException("'" + text + "' is more than 2^63 - 1");
    }
  }

  /** Returns a size for people to read, in powers of 1024. */
  public static String format(long bytes) {
    String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
    int unit = 0;
    double scaled = (double) bytes;
    while (scaled >= 1024 && unit < units.length - 1) {
      scaled /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.1f %s", scaled, units[unit]);
  }
}

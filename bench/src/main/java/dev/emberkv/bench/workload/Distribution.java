package dev.emberkv.bench.workload;

import java.util.Locale;

/**
 * How often each row of a table is used.
 *
 * @param exponent 0 for uniform; above 0 the row of rank r is used in proportion to r^-exponent
 */
public record Distribution(double exponent) {
  /** Every row as often as any other. */
  public static final Distribution UNIFORM = new Distribution(0);

  private static final String ZIPF = "zipf:";

  /** Checks the range. */
  public Distribution {
    if (!(exponent >= 0 && exponent <= 10)) {
      throw new IllegalArgumentException("a zipf exponent is in 0..10, not " + exponent);
    }
  }

  /** Reads {@code uniform}, {@code zipf} (0.99, as YCSB has it) or {@code zipf:EXPONENT}. */
  public static Distribution parse(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    if (lower.equals("uniform")) {
      return UNIFORM;
    }
    if (lower.equals("zipf")) {
      return new Distribution(0.99);
    }
    if (!lower.startsWith(ZIPF)) {
      throw new IllegalArgumentException("'" + text + "' is neither uniform nor zipf:EXPONENT");
    }
    try {
      return new Distribution(Double.parseDouble(lower.substring(ZIPF.length())));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("'" + text + "' has no number behind zipf:", e);
    }
  }

  /** Returns the share of uses that go to the {@code top} most popular of {@code rows} rows. */
  public double shareOfTop(long top, long rows) {
    return top >= rows ? 1 : harmonic(top) / harmonic(rows);
  }

  /** Sum of r^-exponent for r in 1..n: the head term by term, the tail by its integral. */
  private double harmonic(long n) {
    long head = Math.min(n, 1_000_000);
    double sum = 0;
    for (long rank = head; rank >= 1; rank--) {
      sum += Math.pow((double) rank, -exponent);
    }
    if (n > head) {
      // Midpoint rule: the term of rank r stands for the integral over r - 1/2 .. r + 1/2.
      sum += integral(n + 0.5) - integral(head + 0.5);
    }
    return sum;
  }

  private double integral(double x) {
    return Math.abs(exponent - 1) < 1e-9 ? Math.log(x) : Math.pow(x, 1 - exponent) / (1 - exponent);
  }

  @Override
  public String toString() {
    return exponent == 0 ? "uniform" : ZIPF + exponent;
  }
}

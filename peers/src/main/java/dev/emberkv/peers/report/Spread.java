package dev.emberkv.peers.report;

import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * The middle and the ends of what rounds gave.
 *
 * @param median middle one, or the mean of the two
 * @param min smallest
 * @param max largest
 */
record Spread(double median, double min, double max) {
  static Spread of(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    int n = sorted.size();
    double median = (sorted.get((n - 1) / 2) + sorted.get(n / 2)) / 2;
    return new Spread(median, sorted.getFirst(), sorted.getLast());
  }

  /** Returns the spread of a over b, round by round. */
  static Spread ofRatios(List<Double> a, List<Double> b) {
    int rounds = Math.min(a.size(), b.size());
    return of(IntStream.range(0, rounds).mapToObj(i -> a.get(i) / b.get(i)).toList());
  }

  /** Returns the median with three digits and a unit prefix. */
  static String scaled(double value) {
    String[] prefixes = {"", " k", " M", " G"};
    int prefix = 0;
    double scaled = value;
    while (scaled >= 999.5 && prefix < prefixes.length - 1) {
      scaled /= 1000;
      prefix++;
    }
    return digits(scaled) + prefixes[prefix];
  }

  /** Returns three significant digits, without an exponent. */
  static String digits(double value) {
    int decimals = value >= 99.95 || value == 0 ? 0 : value >= 9.995 ? 1 : value >= 0.0995 ? 2 : 3;
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }

  /** Returns a ratio and its ends, as in "12.3 (11.0 to 13.1)". */
  String ratio() {
    return digits(median) + " (" + digits(min) + " to " + digits(max) + ")";
  }

  /** Returns a rate and its ends. */
  String rate() {
    return scaled(median) + " (" + scaled(min) + " to " + scaled(max) + ")";
  }
}

package dev.emberkv.server;

import java.util.List;

/**
 * The picture that LATENCY GRAPH shows: a column for each sample, in four lines of three heights
 * each, and below how long ago the sample was taken, from top to bottom.
 */
final class LatencyGraph {
  private static final int COLUMNS = 80;
  private static final int LINES = 4;
  private static final String HEIGHTS = "_o#";
  private static final char FULL = '|';

  private LatencyGraph() {}

  /**
   * Draws the samples of an event.
   *
   * @param samples oldest first, at least one
   * @param worstMillis of all samples there ever were
   * @param nowSeconds the time that ages are counted from
   */
  static String draw(
      String event, List<LatencyLog.Sample> samples, long worstMillis, long nowSeconds) {
    long low = samples.stream().mapToLong(LatencyLog.Sample::millis).min().orElse(0);
    long high = samples.stream().mapToLong(LatencyLog.Sample::millis).max().orElse(0);
    StringBuilder text = new StringBuilder();
    text.append(
        "%s - high %d ms, low %d ms (all time high %d ms)\n"
            .formatted(event, high, low, worstMillis));
    text.append("-".repeat(COLUMNS)).append('\n');
    for (int from = 0; from < samples.size(); from += COLUMNS) {
      if (from > 0) {
        text.append('\n');
      }
      List<LatencyLog.Sample> some =
          samples.subList(from, Math.min(samples.size(), from + COLUMNS));
      drawBars(some, low, Math.max(1, high - low), text);
      drawAges(some.stream().map(sample -> age(nowSeconds - sample.timeSeconds())).toList(), text);
    }
    return text.toString();
  }

  private static void drawBars(
      List<LatencyLog.Sample> samples, long low, long range, StringBuilder text) {
    int steps = LINES * HEIGHTS.length();
    for (int line = LINES - 1; line >= 0; line--) {
      for (LatencyLog.Sample sample : samples) {
        long step = Math.min((sample.millis() - low) * steps / range, steps - 1);
        long height = step - (long) line * HEIGHTS.length();
        text.append(
            height < 0 ? ' ' : height < HEIGHTS.length() ? HEIGHTS.charAt((int) height) : FULL);
      }
      text.append('\n');
    }
  }

  private static void drawAges(List<String> ages, StringBuilder text) {
    int longest = ages.stream().mapToInt(String::length).max().orElse(0);
    for (int i = 0; i < longest; i++) {
      for (String age : ages) {
        text.append(i < age.length() ? age.charAt(i) : ' ');
      }
      text.append('\n');
    }
  }

  private static String age(long seconds) {
    if (seconds < 60) {
      return seconds + "s";
    }
    if (seconds < 3_600) {
      return seconds / 60 + "m";
    }
    return seconds < 86_400 ? seconds / 3_600 + "h" : seconds / 86_400 + "d";
  }
}

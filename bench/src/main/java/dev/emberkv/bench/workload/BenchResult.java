package dev.emberkv.bench.workload;

import dev.emberkv.bench.ByteSize;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What a run measured and the settings it ran with, in the order they were put in. */
public final class BenchResult {
  private final Map<String, Object> fields = new LinkedHashMap<>();

  /** Adds a whole number. */
  public BenchResult put(String name, long value) {
    fields.put(name, value);
    return this;
  }

  /**
   * Adds a number.
   *
   * @throws IllegalArgumentException when JSON has no form for it
   */
  public BenchResult put(String name, double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException(name + " is " + value);
    }
    fields.put(name, value);
    return this;
  }

  /** Adds a text. */
  public BenchResult put(String name, String value) {
    fields.put(name, value);
    return this;
  }

  /** Adds a truth value. */
  public BenchResult put(String name, boolean value) {
    fields.put(name, value);
    return this;
  }

  /** Returns one JSON object on one line. */
  public String toJson() {
    StringBuilder json = new StringBuilder("{");
    fields.forEach((name, value) -> {
      json.append(json.length() == 1 ? "" : ",").append(quote(name)).append(':');
      switch (value) {
        case String text -> json.append(quote(text));
        case Double number -> json.append(decimal(number));
        default -> json.append(value);
      }
    });
    return json.append('}').toString();
  }

  /** Returns one line for each field, for people. */
  public String toTable() {
    int width = fields.keySet().stream().mapToInt(String::length).max().orElse(0);
    StringBuilder table = new StringBuilder();
    fields.forEach((name, value) ->
        table.append(
            String.format(Locale.ROOT, "%-" + width + "s  %s%n", name, readable(name, value))));
    return table.toString();
  }

  private static String readable(String name, Object value) {
    return switch (value) {
      case Long number when name.endsWith("_bytes") && number >= 10_240 ->
          String.format(Locale.ROOT, "%,d  (%s)", number, ByteSize.format(number));
      case Long number -> String.format(Locale.ROOT, "%,d", number);
      case Double number when number >= 1000 -> String.format(Locale.ROOT, "%,.0f", number);
      case Double number -> decimal(number);
      default -> value.toString();
    };
  }

  /** Six significant digits are more than a measurement has. */
  private static String decimal(double value) {
    return value >= 1e6
        ? String.format(Locale.ROOT, "%.0f", value)
        : Double.toString(Double.parseDouble(String.format(Locale.ROOT, "%.6g", value)));
  }

  private static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < ' ') {
        quoted.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }
}

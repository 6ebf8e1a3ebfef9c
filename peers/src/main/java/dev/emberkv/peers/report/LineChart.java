package dev.emberkv.peers.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Lines over a common axis, as SVG that takes its colors from the page.
 *
 * <p>Not thread-safe.
 */
final class LineChart {
  private static final double WIDTH = 560;
  private static final double HEIGHT = 300;
  private static final double LEFT = 58;
  private static final double RIGHT = 14;
  private static final double TOP = 14;
  private static final double BOTTOM = 40;

  /** A place on an axis and what stands there. */
  record Tick(double at, String text) {}

  /** A point, in the chart's own units. */
  record Point(double x, double y) {}

  /** A named line; its class gives the color. */
  record Line(String title, String cssClass, List<Point> points) {}

  /** A stretch of the x axis that is marked. */
  record Band(double from, double to) {}

  private final String title;
  private final String xTitle;
  private final List<Tick> xTicks;
  private final List<Tick> yTicks;
  private final List<Line> lines = new ArrayList<>();
  private final List<Band> bands = new ArrayList<>();

  /** Starts a chart whose axes go from their first to their last tick. */
  LineChart(String title, String xTitle, List<Tick> xTicks, List<Tick> yTicks) {
    this.title = title;
    this.xTitle = xTitle;
    this.xTicks = xTicks;
    this.yTicks = yTicks;
  }

  void add(Line line) {
    lines.add(line);
  }

  void mark(Band band) {
    bands.add(band);
  }

  /** Adds the chart with its legend. */
  void write(Markup page, String kind) {
    page.format("<figure class=\"card\" data-chart=\"%s\">", kind);
    page.element("figcaption", "", title);
    page.format("<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\">", WIDTH, HEIGHT);
    page.raw("<title>").text(title).raw("</title>");
    for (Band band : bands) {
      page.format(
          "<rect class=\"band\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
          x(band.from), TOP, Math.max(1, x(band.to) - x(band.from)), HEIGHT - TOP - BOTTOM);
    }
    grid(page);
    for (Line line : lines) {
      path(page, line);
    }
    page.raw("</svg>");
    legend(page);
    page.raw("</figure>");
  }

  private void grid(Markup page) {
    for (Tick tick : yTicks) {
      page.format(
          "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/><text x=\"%.1f\" y=\"%.1f\""
              + " text-anchor=\"end\">%s</text>",
          LEFT, y(tick.at), WIDTH - RIGHT, LEFT - 8, y(tick.at) + 4, Markup.escape(tick.text));
    }
    for (Tick tick : xTicks) {
      page.format(
          "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>",
          x(tick.at), HEIGHT - BOTTOM + 18, Markup.escape(tick.text));
    }
    page.format(
        "<text class=\"axis\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>",
        (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4, Markup.escape(xTitle));
  }

  private void path(Markup page, Line line) {
    StringBuilder path = new StringBuilder();
    for (Point point : line.points) {
      path.append(
          String.format(
              Locale.ROOT, "%s%.1f %.1f", path.isEmpty() ? "M" : "L", x(point.x), y(point.y)));
    }
    page.format("<path class=\"line %s\" d=\"%s\"><title>", line.cssClass, path)
        .text(line.title)
        .raw("</title></path>");
    if (line.points.size() <= 5) {
      for (Point point : line.points) {
        page.format(
            "<circle class=\"dot %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>",
            line.cssClass, x(point.x), y(point.y));
      }
    }
  }

  private void legend(Markup page) {
    page.raw("<div class=\"legend\">");
    for (Line line : lines) {
      page.format("<span class=\"key %s\">", line.cssClass).text(line.title).raw("</span>");
    }
    page.raw("</div>");
  }

  private double x(double value) {
    return scaled(value, xTicks, LEFT, WIDTH - RIGHT);
  }

  private double y(double value) {
    return scaled(value, yTicks, HEIGHT - BOTTOM, TOP);
  }

  private static double scaled(double value, List<Tick> ticks, double from, double to) {
    double first = ticks.getFirst().at;
    double last = ticks.getLast().at;
    return from + (Math.clamp(value, first, last) - first) / (last - first) * (to - from);
  }
}

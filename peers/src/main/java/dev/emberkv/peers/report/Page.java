package dev.emberkv.peers.report;

import dev.emberkv.peers.report.LineChart.Band;
import dev.emberkv.peers.report.LineChart.Line;
import dev.emberkv.peers.report.LineChart.Point;
import dev.emberkv.peers.report.LineChart.Tick;
import dev.emberkv.peers.run.Budget;
import dev.emberkv.peers.run.Course;
import dev.emberkv.peers.run.Limits;
import dev.emberkv.peers.run.Peer;
import dev.emberkv.peers.run.Plan;
import dev.emberkv.peers.run.Results;
import dev.emberkv.peers.run.Results.Cell;
import dev.emberkv.peers.run.Results.Series;
import dev.emberkv.peers.run.Task;
import dev.emberkv.peers.work.WorkSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.HdrHistogram.Histogram;

/** The report as one HTML page that fetches nothing. */
final class Page {
  private final Plan plan;
  private final Machine machine;
  private final Results results;
  private final Figures figures;
  private final Markup page = new Markup();

  Page(Plan plan, Machine machine, Results results) {
    this.plan = plan;
    this.machine = machine;
    this.results = results;
    this.figures = new Figures(plan, results);
  }

  /** Returns the whole page. */
  String html() {
    page.raw("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">")
        .raw("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">")
        .raw("<title>EmberKV beside its peers</title><style>")
        .raw(style())
        .raw("</style></head><body><main>");
    head();
    for (Budget budget : Budget.values()) {
      rates(budget);
    }
    latencies();
    hitRatios();
    overTime();
    writing();
    limits();
    how();
    everything();
    page.raw("</main></body></html>");
    return page.toString();
  }

  private static String style() {
    try (var css = Page.class.getResourceAsStream("page.css")) {
      return new String(
          Objects.requireNonNull(css, "page.css").readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void head() {
    page.raw("<header><p class=\"eyebrow\">measurements</p><h1>EmberKV beside its peers</h1><p>");
    page.text(
        "%,d rows of %d bytes (%s), %d rounds in turns, one calling thread, %s processors, Linux %s, %s."
            .formatted(
                plan.rows(),
                plan.rowBytes(),
                Spread.scaled((double) plan.dataBytes()) + "B",
                plan.rounds(),
                machine.facts().getOrDefault("processors", "?"),
                System.getProperty("os.version"),
                machine.facts().getOrDefault("time", "")));
    page.raw("</p>");
    if (plan.quick()) {
      page.element(
          "p", "note", "A quick run: short turns on a small table. Figures of a full run differ.");
    }
    page.raw("<div class=\"tiles\">");
    for (Figures.Goal goal : figures.goals()) {
      boolean met = goal.ratio().median() >= goal.least();
      page.format("<div class=\"tile %s\">", met ? "met" : "short")
          .element("b", "", Spread.digits(goal.ratio().median()) + "×")
          .element("span", "", goal.peer().title())
          .element("small", "", goal.title())
          .element(
              "small",
              "",
              "rounds %s to %s; goal %s× %s"
                  .formatted(
                      Spread.digits(goal.ratio().min()),
                      Spread.digits(goal.ratio().max()),
                      Spread.digits(goal.least()),
                      met ? "met" : "not met"))
          .raw("</div>");
    }
    page.raw("</div></header>");
  }

  private void section(String title, String text) {
    page.raw("<section>").element("h2", "", title).element("p", "", text);
  }

  private void rates(Budget budget) {
    List<Map.Entry<Cell, Map<Peer, Series>>> cells =
        results.cells().entrySet().stream().filter(e -> e.getKey().budget() == budget).toList();
    if (cells.isEmpty()) {
      return;
    }
    section(
        budget == Budget.ALL ? "Everything in DRAM" : "DRAM for " + budget.title() + " of the rows",
        "Rows a second: the median of the rounds, with a whisker from the slowest to the fastest, and"
            + " its share of the limit. Each store has "
            + Spread.scaled((double) plan.budgetBytes(budget))
            + "B for rows, indexes and caches"
            + (budget == Budget.ALL
                ? ", more than all rows take. The limit gathers the same rows from a plain array on"
                    + " huge pages, without an index."
                : ". The limit gathers rows from a plain array on huge pages, and for the share that"
                    + " the best cache of that size would miss reads 4 KiB of the device; one after"
                    + " the other for single gets, many at a time for batches."));
    page.raw("<div class=\"cards\">");
    for (Map.Entry<Cell, Map<Peer, Series>> cell : cells) {
      Bars.add(page, figures, cell.getKey(), cell.getValue());
    }
    page.raw("</div></section>");
  }

  private void latencies() {
    section(
        "How long calls take",
        "Duration of calls by percentile; one in 16 single gets is timed. Both axes are logarithmic:"
            + " each step to the right is a tenth of the calls before it.");
    page.raw("<div class=\"cards wide\">");
    latency(new Cell(Budget.ALL, Plan.ZIPF_GETS));
    latency(new Cell(Budget.ALL, Plan.ZIPF_SMALL));
    latency(new Cell(Budget.QUARTER, Plan.ZIPF_GETS));
    latency(new Cell(Budget.QUARTER, Plan.ZIPF_SMALL));
    page.raw("</div></section>");
  }

  private void latency(Cell cell) {
    Map<Peer, Series> series = results.cells().getOrDefault(cell, Map.of());
    if (series.isEmpty()) {
      return;
    }
    double least = Double.MAX_VALUE;
    double most = 0;
    List<Line> lines = new ArrayList<>();
    for (Map.Entry<Peer, Series> entry : series.entrySet()) {
      Histogram latencies = entry.getValue().latenciesNanos();
      List<Point> points = new ArrayList<>();
      // Behind the last percentile that ten calls are beyond, a curve is chance.
      double end = Math.min(4, Math.log10(Math.max(10, latencies.getTotalCount() / 10.0)));
      for (double nines = 0; nines <= end; nines += 0.1) {
        double percentile = 100 * (1 - Math.pow(10, -nines));
        double nanos = Math.max(10, latencies.getValueAtPercentile(percentile));
        points.add(new Point(nines, Math.log10(nanos)));
        least = Math.min(least, nanos);
        most = Math.max(most, nanos);
      }
      lines.add(new Line(entry.getKey().title(), entry.getKey().id(), points));
    }
    List<Tick> durations = new ArrayList<>();
    for (int power = (int) Math.floor(Math.log10(least));
        power <= Math.ceil(Math.log10(most));
        power++) {
      durations.add(new Tick(power, duration(Math.pow(10, power))));
    }
    LineChart chart =
        new LineChart(
            cell.work().title() + ", DRAM " + cell.budget().title(),
            "percentile",
            List.of(
                new Tick(0, "0"),
                new Tick(Math.log10(2), "50"),
                new Tick(1, "90"),
                new Tick(2, "99"),
                new Tick(3, "99.9"),
                new Tick(4, "99.99")),
            durations);
    lines.forEach(chart::add);
    chart.write(page, "latency");
  }

  private static String duration(double nanos) {
    return nanos < 1e3
        ? Math.round(nanos) + " ns"
        : nanos < 1e6
            ? Math.round(nanos / 1e3) + " µs"
            : nanos < 1e9 ? Math.round(nanos / 1e6) + " ms" : Math.round(nanos / 1e9) + " s";
  }

  private void hitRatios() {
    section(
        "What DRAM answers",
        "Share of rows answered without the device, over the budget as a share of the rows' bytes;"
            + " ideal is what the most popular rows alone would give that fit into it. Stores that"
            + " count no hits are seen from outside: by their reads, or their faults on mapped pages.");
    page.raw("<div class=\"cards wide\">");
    for (WorkSpec work : List.of(Plan.ZIPF_BATCHES, Plan.UNIFORM_BATCHES)) {
      LineChart chart =
          new LineChart(
              work.title(),
              "DRAM over rows",
              List.of(
                  new Tick(0, "0"),
                  new Tick(0.05, "5 %"),
                  new Tick(0.25, "25 %"),
                  new Tick(0.5, "50 %"),
                  new Tick(1, "100 %")),
              List.of(
                  new Tick(0, "0"),
                  new Tick(0.25, "0.25"),
                  new Tick(0.5, "0.5"),
                  new Tick(0.75, "0.75"),
                  new Tick(1, "1")));
      List<Point> ideal = new ArrayList<>();
      for (double share = 0.01; share <= 1.001; share += 0.01) {
        ideal.add(
            new Point(share, work.keys().shareOfTop((long) (share * plan.rows()), plan.rows())));
      }
      chart.add(new Line("ideal", "limit", ideal));
      for (Peer peer : plan.peers()) {
        List<Point> points = new ArrayList<>();
        for (Budget budget : List.of(Budget.TWENTIETH, Budget.QUARTER, Budget.ALL)) {
          Series series = results.cells().getOrDefault(new Cell(budget, work), Map.of()).get(peer);
          if (series != null && peer.lasts()) {
            points.add(new Point(budget.share(), Spread.of(series.hitRatios()).median()));
          }
        }
        if (!points.isEmpty()) {
          chart.add(new Line(peer.title(), peer.id(), points));
        }
      }
      chart.write(page, "hits");
    }
    page.raw("</div></section>");
  }

  private void overTime() {
    if (results.overwriting().isEmpty()) {
      return;
    }
    section(
        "Overwriting without a pause",
        "Rows overwritten a second, drawn uniformly in batches of 8192, with DRAM for 25 %, each store"
            + " alone. Marked: the store cleaned its log or compacted.");
    page.raw("<div class=\"cards wide\">");
    double most =
        results.overwriting().values().stream()
            .flatMap(one -> one.course().steps().stream())
            .mapToDouble(Course.Step::rowsPerSecond)
            .max()
            .orElse(1);
    results.overwriting().forEach((peer, one) -> course(peer, one.course(), most));
    page.raw("</div></section>");
  }

  private void course(Peer peer, Course course, double most) {
    double seconds =
        Math.max(
            1, Math.ceil(course.steps().isEmpty() ? 1 : course.steps().getLast().endSeconds()));
    double top = roundUp(most);
    List<Tick> times = new ArrayList<>();
    List<Tick> rates = new ArrayList<>();
    for (int i = 0; i <= 4; i++) {
      times.add(new Tick(seconds * i / 4, Spread.digits(seconds * i / 4) + " s"));
      rates.add(new Tick(top * i / 4, Spread.scaled(top * i / 4)));
    }
    LineChart chart = new LineChart(peer.title(), "time", times, rates);
    List<Point> points = new ArrayList<>();
    double before = 0;
    for (Course.Step step : course.steps()) {
      points.add(new Point(step.endSeconds(), step.rowsPerSecond()));
      if (step.cleaning()) {
        chart.mark(new Band(before, step.endSeconds()));
      }
      before = step.endSeconds();
    }
    chart.add(new Line("rows a second", peer.id(), points));
    chart.write(page, "course");
  }

  private static double roundUp(double value) {
    double power = Math.pow(10, Math.floor(Math.log10(Math.max(1, value))));
    for (double step : new double[] {1, 2, 4, 5, 8}) {
      if (step * power >= value) {
        return step * power;
      }
    }
    return 10 * power;
  }

  private void writing() {
    section(
        "Loading, space, and coming back",
        "Loaded once, in random order, until all rows were as durable as they get. Write amplification"
            + " is bytes that the process wrote over bytes of rows; space is disk space at the end of"
            + " the overwriting over bytes of rows. Recovery is from opening after SIGKILL in the midst"
            + " of writes to the first row; a thousand others were compared afterwards.");
    page.raw("<div class=\"scroll\"><table><thead><tr><th>store</th><th>load, rows/s</th>")
        .raw("<th>compacting after it, s</th><th>write amp., load</th><th>overwriting, rows/s</th>")
        .raw("<th>write amp., overwriting</th><th>space amp.</th><th>recovery, s</th>")
        .raw("<th>resident memory, 100 %</th></tr></thead><tbody>");
    for (Peer peer : results.loads().keySet()) {
      Results.Load load = Objects.requireNonNull(results.loads().get(peer));
      Results.Overwriting over = results.overwriting().get(peer);
      Double recovery = results.recoveries().get(peer);
      Task.Description description =
          results.descriptions().getOrDefault(Budget.ALL, Map.of()).get(peer);
      page.format("<tr class=\"%s\">", peer.id()).element("th", "", peer.title());
      cell(Spread.scaled(load.rowsPerSecond()));
      cell(load.settleSeconds() < 0.01 ? "" : Spread.digits(load.settleSeconds()));
      cell(peer.lasts() ? Spread.digits(load.writeAmplification()) : "");
      cell(over == null ? "" : Spread.scaled(over.course().rows() / over.course().seconds()));
      cell(over == null ? "" : Spread.digits(over.writeAmplification()));
      cell(over == null ? "" : Spread.digits(over.spaceAmplification()));
      cell(recovery == null ? "" : Spread.digits(recovery));
      cell(description == null ? "" : Spread.scaled((double) description.residentBytes()) + "B");
      page.raw("</tr>");
    }
    page.raw("</tbody></table></div></section>");
  }

  private void cell(String text) {
    page.element("td", "", text);
  }

  private void limits() {
    Limits limits = results.limits();
    if (limits == null) {
      return;
    }
    section(
        "What the machine gives",
        "Measured in this run with nothing of a store in the way, through " + limits.io() + ".");
    page.raw("<div class=\"tiles plain\">");
    tile("random reads of 4 KiB a second, depth 128", Spread.of(limits.randomReads()), "");
    tile("the same at depth 1", Spread.of(limits.singleReads()), "");
    tile("sequential reads", Spread.of(limits.sequentialReadBytes()), "B/s");
    tile("sequential writes", Spread.of(limits.sequentialWriteBytes()), "B/s");
    tile("DRAM to DRAM, one thread", Spread.of(limits.copyBytes()), "B/s");
    List<Double> gather = results.gathers().get(new Cell(Budget.ALL, Plan.UNIFORM_BATCHES));
    if (gather != null) {
      tile("bare gather of random rows, one thread", Spread.of(gather), " rows/s");
    }
    page.raw("</div></section>");
  }

  private void tile(String what, Spread spread, String unit) {
    page.raw("<div class=\"tile\">")
        .element("b", "", Spread.scaled(spread.median()) + unit)
        .element("span", "", what)
        .element("small", "", Spread.scaled(spread.min()) + " to " + Spread.scaled(spread.max()))
        .raw("</div>");
  }

  private void how() {
    section(
        "How it was done",
        "Each store runs in a process of its own; one works while the others wait. Keys are drawn and"
            + " results compared outside of the measured time, and each store sees the same keys."
            + " Works are warmed up before the first round. Where a store's reads wait for the device"
            + " one by one, a batch is split over as many threads as were best in a trial under that"
            + " budget. All of them sync once a second, as far as they can.");
    page.raw("<div class=\"cards wide\">");
    page.raw("<figure class=\"card\"><figcaption>Machine</figcaption><dl>");
    machine.facts().forEach(this::fact);
    page.raw("</dl></figure>");
    for (Peer peer : results.loads().keySet()) {
      settings(peer);
    }
    page.raw("</div>");
    page.element("h3", "", "To repeat it").element("pre", "", machine.command());
    if (!results.remarks().isEmpty()) {
      page.element("h3", "", "Not measured, or not as planned").raw("<ul>");
      results.remarks().forEach(remark -> page.element("li", "", remark));
      page.raw("</ul>");
    }
    page.raw("</section>");
  }

  private void settings(Peer peer) {
    Task.Description last = null;
    for (Map<Peer, Task.Description> budget : results.descriptions().values()) {
      last = budget.getOrDefault(peer, last);
    }
    if (last == null) {
      return;
    }
    page.format("<figure class=\"card\"><figcaption>%s ", Markup.escape(peer.title()))
        .element("small", "", last.version())
        .raw("</figcaption><dl>");
    last.settings().forEach(this::fact);
    page.raw("</dl></figure>");
  }

  private void fact(String name, String value) {
    page.element("dt", "", name).element("dd", "", value);
  }

  private void everything() {
    page.raw("<section><details><summary>All figures</summary><div class=\"scroll\"><table><thead>")
        .raw("<tr><th>DRAM</th><th>work</th><th>store</th><th>rows/s</th><th>slowest round</th>")
        .raw("<th>fastest round</th><th>of limit</th><th>from DRAM</th><th>p50, µs</th>")
        .raw("<th>p99, µs</th></tr></thead><tbody>");
    results.cells().forEach((cell, series) -> series.forEach((peer, one) -> row(cell, peer, one)));
    page.raw("</tbody></table></div></details></section>");
  }

  private void row(Cell cell, Peer peer, Series series) {
    Spread rate = Spread.of(series.rates());
    page.format("<tr class=\"%s\">", peer.id());
    cell(cell.budget().title());
    cell(cell.work().title());
    page.element("th", "", peer.title());
    cell(Spread.scaled(rate.median()));
    cell(Spread.scaled(rate.min()));
    cell(Spread.scaled(rate.max()));
    cell(figures.limit(cell).map(l -> Math.round(rate.median() / l * 100) + " %").orElse(""));
    cell(
        cell.work().kind() == WorkSpec.Kind.LOOKUP
            ? Spread.digits(Spread.of(series.hitRatios()).median())
            : "");
    cell(Spread.digits(series.latenciesNanos().getValueAtPercentile(50) / 1e3));
    cell(Spread.digits(series.latenciesNanos().getValueAtPercentile(99) / 1e3));
    page.raw("</tr>");
  }
}

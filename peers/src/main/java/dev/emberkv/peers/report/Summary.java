package dev.emberkv.peers.report;

import dev.emberkv.peers.run.Budget;
import dev.emberkv.peers.run.Peer;
import dev.emberkv.peers.run.Plan;
import dev.emberkv.peers.run.Results;
import dev.emberkv.peers.run.Results.Cell;
import dev.emberkv.peers.run.Results.Series;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The report in Markdown. */
final class Summary {
  private final Plan plan;
  private final Machine machine;
  private final Results results;
  private final Figures figures;
  private final StringBuilder text = new StringBuilder();

  Summary(Plan plan, Machine machine, Results results) {
    this.plan = plan;
    this.machine = machine;
    this.results = results;
    this.figures = new Figures(plan, results);
  }

  String text() {
    line("# EmberKV beside its peers");
    line("");
    line(
        "`%s`: %,d rows of %d bytes, %d rounds, medians with the slowest and fastest round.",
        machine.command(), plan.rows(), plan.rowBytes(), plan.rounds());
    line("");
    line("| EmberKV over | at | ratio | goal |");
    line("|---|---|---:|---:|");
    for (Figures.Goal goal : figures.goals()) {
      line(
          "| %s | %s | %s | %s |",
          goal.peer().title(), goal.title(), goal.ratio().ratio(), Spread.digits(goal.least()));
    }
    line("");
    for (Budget budget : Budget.values()) {
      rates(budget);
    }
    writing();
    results.remarks().forEach(remark -> line("- %s", remark));
    line("");
    line(
        "%s",
        machine.facts().entrySet().stream()
            .map(fact -> fact.getKey() + ": " + fact.getValue())
            .collect(Collectors.joining("; ")));
    return text.toString();
  }

  private void rates(Budget budget) {
    var cells =
        results.cells().entrySet().stream().filter(e -> e.getKey().budget() == budget).toList();
    if (cells.isEmpty()) {
      return;
    }
    line("Rows a second, DRAM %s:", budget.title());
    line("");
    line("| work | limit |%s", columns(peer -> " " + peer.title() + " |"));
    line("|---|---:|%s", columns(peer -> "---:|"));
    for (Map.Entry<Cell, Map<Peer, Series>> entry : cells) {
      line(
          "| %s | %s |%s",
          entry.getKey().work().title(),
          figures.limit(entry.getKey()).map(Spread::scaled).orElse(""),
          columns(peer -> " " + rate(entry.getValue().get(peer)) + " |"));
    }
    line("");
  }

  private static String rate(@org.jspecify.annotations.Nullable Series series) {
    return series == null ? "" : Spread.of(series.rates()).rate();
  }

  private void writing() {
    line(
        "| | load, rows/s | write amp. | overwriting, rows/s | write amp. | space amp. | recovery, s |");
    line("|---|---:|---:|---:|---:|---:|---:|");
    results
        .loads()
        .forEach((peer, load) -> {
          Results.Overwriting over = results.overwriting().get(peer);
          Double recovery = results.recoveries().get(peer);
          line(
              "| %s | %s | %s | %s | %s | %s | %s |",
              peer.title(),
              Spread.scaled(load.rowsPerSecond()),
              Spread.digits(load.writeAmplification()),
              over == null ? "" : Spread.scaled(over.course().rows() / over.course().seconds()),
              over == null ? "" : Spread.digits(over.writeAmplification()),
              over == null ? "" : Spread.digits(over.spaceAmplification()),
              recovery == null ? "" : Spread.digits(recovery));
        });
    line("");
  }

  private String columns(java.util.function.Function<Peer, String> column) {
    return results.loads().keySet().stream().map(column).collect(Collectors.joining());
  }

  @SuppressWarnings("AnnotateFormatMethod") // its annotations are not on the path
  private void line(String format, Object... values) {
    text.append(String.format(Locale.ROOT, format, values)).append('\n');
  }
}

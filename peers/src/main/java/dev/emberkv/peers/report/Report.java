package dev.emberkv.peers.report;

import dev.emberkv.bench.workload.BenchResult;
import dev.emberkv.peers.run.Budget;
import dev.emberkv.peers.run.Peer;
import dev.emberkv.peers.run.Plan;
import dev.emberkv.peers.run.Results;
import dev.emberkv.peers.run.Results.Cell;
import dev.emberkv.peers.run.Results.Series;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * What is written of a run: the page, the summary and the raw figures.
 *
 * @param plan what was run
 * @param machine where
 * @param results what it gave
 */
public record Report(Plan plan, Machine machine, Results results) {
  /** Writes index.html, summary.md and raw.json. */
  public void write(Path directory) throws IOException {
    Files.createDirectories(directory);
    Files.writeString(directory.resolve("index.html"), new Page(plan, machine, results).html());
    Files.writeString(directory.resolve("summary.md"), summary());
    Files.writeString(directory.resolve("raw.json"), new RawJson(plan, machine, results).text());
  }

  /** Returns the summary in Markdown. */
  public String summary() {
    return new Summary(plan, machine, results).text();
  }

  /**
   * Returns the figures of this store that all benchmarks report, and the ratios that are goals.
   */
  public BenchResult mainFigures() {
    BenchResult result = new BenchResult();
    Cell cell = new Cell(Budget.QUARTER, Plan.ZIPF_BATCHES);
    Series ember = results.cells().getOrDefault(cell, Map.of()).get(Peer.EMBERKV);
    if (ember != null) {
      result
          .put("rows_per_s", Spread.of(ember.rates()).median())
          .put("hit_ratio", Spread.of(ember.hitRatios()).median())
          .put("device_read_bytes", ember.turns().stream().mapToLong(Results.Turn::readBytes).sum())
          .put(
              "device_write_bytes",
              ember.turns().stream().mapToLong(Results.Turn::writeBytes).sum())
          .put("p50_us", ember.latenciesNanos().getValueAtPercentile(50) / 1e3)
          .put("p99_us", ember.latenciesNanos().getValueAtPercentile(99) / 1e3);
    }
    for (Figures.Goal goal : new Figures(plan, results).goals()) {
      String name =
          "over_%s_%s_batch_%d"
              .formatted(
                  goal.peer().name().toLowerCase(java.util.Locale.ROOT),
                  goal.cell().budget().name().toLowerCase(java.util.Locale.ROOT),
                  goal.cell().work().batch());
      result
          .put(name, goal.ratio().median())
          .put(name + "_min", goal.ratio().min())
          .put(name + "_max", goal.ratio().max());
    }
    return result
        .put("rows", plan.rows())
        .put("row_bytes", (long) plan.rowBytes())
        .put("rounds", (long) plan.rounds())
        .put("seconds", plan.sliceSeconds())
        .put("quick", plan.quick());
  }
}

package dev.emberkv.peers.report;

import dev.emberkv.peers.run.Limits;
import dev.emberkv.peers.run.Peer;
import dev.emberkv.peers.run.Plan;
import dev.emberkv.peers.run.Results;
import dev.emberkv.peers.run.Results.Cell;
import dev.emberkv.peers.run.Results.Series;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** All figures, round by round, as JSON: for programs, and to draw other charts from. */
final class RawJson {
  private static final double[] PERCENTILES = {
    0, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 100
  };

  private final Plan plan;
  private final Machine machine;
  private final Results results;
  private final Figures figures;

  RawJson(Plan plan, Machine machine, Results results) {
    this.plan = plan;
    this.machine = machine;
    this.results = results;
    this.figures = new Figures(plan, results);
  }

  String text() {
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("command", machine.command());
    root.put("machine", machine.facts());
    root.put("rows", plan.rows());
    root.put("row_bytes", plan.rowBytes());
    root.put("rounds", plan.rounds());
    root.put("slice_seconds", plan.sliceSeconds());
    root.put("warmup_seconds", plan.warmSeconds());
    root.put("quick", plan.quick());
    root.put("limits", limits());
    List<Object> works = new ArrayList<>();
    results.cells().forEach((cell, series) -> works.add(work(cell, series)));
    root.put("works", works);
    Map<String, Object> stores = new LinkedHashMap<>();
    results.loads().forEach((peer, load) -> stores.put(peer.id(), store(peer, load)));
    root.put("stores", stores);
    root.put("remarks", results.remarks());
    StringBuilder json = new StringBuilder();
    write(json, root);
    return json.append('\n').toString();
  }

  private Map<String, Object> limits() {
    Map<String, Object> json = new LinkedHashMap<>();
    Limits limits = results.limits();
    if (limits != null) {
      json.put("io", limits.io());
      json.put("random_reads_per_s", limits.randomReads());
      json.put("depth1_reads_per_s", limits.singleReads());
      json.put("sequential_read_bytes_per_s", limits.sequentialReadBytes());
      json.put("sequential_write_bytes_per_s", limits.sequentialWriteBytes());
      json.put("memcpy_bytes_per_s", limits.copyBytes());
    }
    return json;
  }

  private Map<String, Object> work(Cell cell, Map<Peer, Series> series) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("memory", cell.budget().title());
    json.put("memory_bytes", plan.budgetBytes(cell.budget()));
    json.put("work", cell.work().kind().name().toLowerCase(Locale.ROOT));
    json.put("dist", cell.work().keys().toString());
    json.put("batch", cell.work().batch());
    json.put("ideal_hit_ratio", figures.idealHit(cell));
    json.put("gather_rows_per_s", results.gathers().getOrDefault(cell, List.of()));
    figures.limit(cell).ifPresent(limit -> json.put("limit_rows_per_s", limit));
    Map<String, Object> stores = new LinkedHashMap<>();
    series.forEach((peer, one) -> stores.put(peer.id(), turns(one)));
    json.put("stores", stores);
    return json;
  }

  private static Map<String, Object> turns(Series series) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("rows_per_s", series.rates());
    json.put("hit_ratio", series.hitRatios());
    json.put("device_read_bytes", series.turns().stream().map(Results.Turn::readBytes).toList());
    json.put("device_write_bytes", series.turns().stream().map(Results.Turn::writeBytes).toList());
    Map<String, Object> latencies = new LinkedHashMap<>();
    Histogram nanos = series.latenciesNanos();
    for (double percentile : PERCENTILES) {
      latencies.put(Double.toString(percentile), nanos.getValueAtPercentile(percentile) / 1e3);
    }
    json.put("calls_timed", nanos.getTotalCount());
    json.put("latency_us", latencies);
    return json;
  }

  private Map<String, Object> store(Peer peer, Results.Load load) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("load_rows_per_s", load.rowsPerSecond());
    json.put("load_settle_seconds", load.settleSeconds());
    json.put("load_write_amplification", load.writeAmplification());
    Results.Overwriting over = results.overwriting().get(peer);
    if (over != null) {
      json.put("overwrite_rows_per_s", over.course().rows() / over.course().seconds());
      json.put("overwrite_write_amplification", over.writeAmplification());
      json.put("space_amplification", over.spaceAmplification());
      json.put(
          "overwrite_course",
          over.course().steps().stream()
              .map(step -> List.of(step.endSeconds(), step.rowsPerSecond(), step.cleaning()))
              .toList());
    }
    Double recovery = results.recoveries().get(peer);
    if (recovery != null) {
      json.put("recovery_seconds", recovery);
    }
    results
        .descriptions()
        .forEach((budget, peers) -> {
          var description = peers.get(peer);
          if (description != null) {
            Map<String, Object> state = new LinkedHashMap<>();
            state.put("version", description.version());
            state.put("settings", description.settings());
            state.put("rss_bytes", description.residentBytes());
            state.put("disk_bytes", description.diskBytes());
            json.put("at " + budget.title(), state);
          }
        });
    return json;
  }

  private static void write(StringBuilder json, Object value) {
    switch (value) {
      case Map<?, ?> map -> {
        String separator = "{";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          json.append(separator);
          quote(json, String.valueOf(entry.getKey()));
          json.append(':');
          write(json, entry.getValue());
          separator = ",";
        }
        json.append(map.isEmpty() ? "{}" : "}");
      }
      case List<?> list -> {
        String separator = "[";
        for (Object element : list) {
          json.append(separator);
          write(json, element);
          separator = ",";
        }
        json.append(list.isEmpty() ? "[]" : "]");
      }
      case Double number -> json.append(Double.isFinite(number) ? number.toString() : "null");
      case String text -> quote(json, text);
      default -> json.append(value);
    }
  }

  private static void quote(StringBuilder json, String text) {
    json.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        json.append('\\').append(c);
      } else if (c < ' ') {
        json.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        json.append(c);
      }
    }
    json.append('"');
  }
}

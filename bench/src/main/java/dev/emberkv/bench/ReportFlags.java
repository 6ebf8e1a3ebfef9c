package dev.emberkv.bench;

import dev.emberkv.bench.workload.BenchResult;
import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say where a run keeps its data and how it reports. */
final class ReportFlags {
  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Where to keep the data for later runs (default: a temporary directory).")
  private @Nullable Path data;

  @Option(names = "--json", description = "Print the result as one JSON object on the last line.")
  private boolean json;

  DataDirectory dataDirectory() {
    return DataDirectory.of(data);
  }

  void print(BenchResult result, PrintWriter out) {
    out.print(json ? result.toJson() + System.lineSeparator() : result.toTable());
    out.flush();
  }
}

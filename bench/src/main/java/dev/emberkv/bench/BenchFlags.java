package dev.emberkv.bench;

import dev.emberkv.bench.workload.BenchResult;
import dev.emberkv.bench.workload.Distribution;
import dev.emberkv.bench.workload.KeyStream;
import dev.emberkv.bench.workload.RowPattern;
import dev.emberkv.engine.StoreOptions;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;
import picocli.CommandLine.TypeConversionException;

/** The options that the benchmarks of a table share. */
final class BenchFlags {
  @Option(
      names = "--rows",
      paramLabel = "N",
      description = "Rows in the table (default 4m; 200k with --quick).",
      converter = ByteSize.class)
  private @Nullable Long rows;

  @Option(
      names = "--row-bytes",
      paramLabel = "B",
      description = "Width of a row, a multiple of 4 (default ${DEFAULT-VALUE}).")
  private int rowBytes = 256;

  @Option(
      names = "--dist",
      paramLabel = "uniform|zipf:S",
      description = "How often each row is used (default uniform).",
      converter = DistributionConverter.class)
  private Distribution distribution = Distribution.UNIFORM;

  @Option(
      names = "--threads",
      paramLabel = "T",
      description = "Threads that call the store (default ${DEFAULT-VALUE}).")
  private int threads = 1;

  @Option(
      names = "--batch",
      paramLabel = "N",
      description = "Rows in a call; 1 means single-key calls (default ${DEFAULT-VALUE}).")
  private int batch = 8192;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      description = "Length of the measured part (default 10; 2 with --quick).")
  private @Nullable Double seconds;

  @Option(
      names = "--warmup",
      paramLabel = "S",
      description =
          "Longest warm-up; it ends when the hit ratio has settled (default 120; 4 with --quick).")
  private @Nullable Double warmUpSeconds;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Seed of the keys drawn (default ${DEFAULT-VALUE}).")
  private long seed = 1;

  @Option(names = "--quick", description = "A small and short run, to see that it works.")
  private boolean quick;

  @Mixin private ReportFlags report = new ReportFlags();

  @Mixin private StoreFlags store = new StoreFlags();

  @Spec(Target.MIXEE)
  private CommandSpec mixee = CommandSpec.create(); // the parser puts the real one here

  /** Checks the ranges. */
  void check() {
    requireAtLeast("--rows", rows(), 1);
    requireAtLeast("--threads", threads, 1);
    requireAtLeast("--batch", batch, 1);
    if (!(seconds() > 0)) {
      throw new ParameterException(mixee.commandLine(), "--seconds must be above 0");
    }
    if (!(warmUpSeconds() > 0)) {
      throw new ParameterException(mixee.commandLine(), "--warmup must be above 0");
    }
    if (rowBytes < Float.BYTES || rowBytes % Float.BYTES != 0) {
      throw new ParameterException(
          mixee.commandLine(), "--row-bytes must be a positive multiple of 4, not " + rowBytes);
    }
  }

  private void requireAtLeast(String option, long value, long least) {
    if (value < least) {
      throw new ParameterException(
          mixee.commandLine(), option + " must be at least " + least + ", not " + value);
    }
  }

  long rows() {
    return rows != null ? rows : quick ? 200_000 : 4_000_000;
  }

  double seconds() {
    return seconds != null ? seconds : quick ? 2 : 10;
  }

  double warmUpSeconds() {
    return warmUpSeconds != null ? warmUpSeconds : quick ? 4 : 120;
  }

  int threads() {
    return threads;
  }

  int batch() {
    return batch;
  }

  RowPattern pattern() {
    return new RowPattern(rowBytes);
  }

  Distribution distribution() {
    return distribution;
  }

  /** Opens the keys that a thread draws from the first {@code count} rows. */
  KeyStream keys(int thread, long count) {
    return KeyStream.of(distribution, count, seed + 1_000_003L * thread);
  }

  DataDirectory dataDirectory() {
    return report.dataDirectory();
  }

  /** Returns the store's options; 2 GiB of memory by default, which holds the default rows. */
  StoreOptions storeOptions(Path directory) {
    return store.options(directory, 2L << 30);
  }

  /** Adds the settings that the run had. */
  void addSettings(BenchResult result, StoreOptions options) {
    result
        .put("row_bytes", (long) rowBytes)
        .put("dist", distribution.toString())
        .put("threads", (long) threads)
        .put("batch", (long) batch)
        .put("memory_bytes", options.memoryBytes())
        .put("durability", options.durability().name().toLowerCase(Locale.ROOT))
        .put("seed", seed)
        .put("quick", quick);
  }

  void print(BenchResult result, PrintWriter out) {
    report.print(result, out);
  }

  private static final class DistributionConverter implements ITypeConverter<Distribution> {
    @Override
    public Distribution convert(String text) {
      try {
        return Distribution.parse(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}

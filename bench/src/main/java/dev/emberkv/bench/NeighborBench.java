package dev.emberkv.bench;

import dev.emberkv.bench.clients.HotGets;
import dev.emberkv.bench.clients.LookupStream;
import dev.emberkv.bench.workload.BenchResult;
import dev.emberkv.bench.workload.Distribution;
import dev.emberkv.bench.workload.KeyStream;
import dev.emberkv.bench.workload.RowLoader;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.ToDoubleFunction;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code emberkv bench neighbor}: what hot GETs of a server feel of somebody else's work. */
@Command(
    name = "neighbor",
    description = {
      "Measure hot GETs of a running server (of Redis, too) alone and beside a neighbor, in turns:",
      "cold: another connection looks up rows of the table 'bench' (bench load, serve), all of them"
          + " as likely. hot: it looks up as many rows a second, but always the same few."
    })
final class NeighborBench implements Callable<Integer> {
  private static final int HOT_ROWS = 4096;

  /** How long a neighbor is at work before anything counts. */
  private static final double LEAD_SECONDS = 0.3;

  /** Who works beside the GETs. */
  enum Beside {
    NONE,
    COLD,
    HOT
  }

  @Option(names = "--host", paramLabel = "HOST", description = "Server (default ${DEFAULT-VALUE}).")
  private String host = "127.0.0.1";

  @Option(names = "--port", paramLabel = "PORT", description = "Its port (default 6379).")
  private int port = 6379;

  @Option(
      names = "--clients",
      paramLabel = "C",
      description = "Connections that send GETs, each one at a time (default ${DEFAULT-VALUE}).")
  private int clients = 50;

  @Option(
      names = "--beside",
      paramLabel = "cold|hot|none",
      split = ",",
      description = "The neighbors, one after the other (default cold,hot).")
  private List<Beside> beside = List.of(Beside.COLD, Beside.HOT);

  @Option(
      names = "--keys",
      paramLabel = "N",
      description = "Keys that the GETs are of (default ${DEFAULT-VALUE}).")
  private int keys = 1000;

  @Option(
      names = "--rows",
      paramLabel = "N",
      description = "Rows in the table (default 4m).",
      converter = ByteSize.class)
  private long rows = 4_000_000;

  @Option(
      names = "--row-bytes",
      paramLabel = "B",
      description = "Width of its rows, and length of the values (default ${DEFAULT-VALUE}).")
  private int rowBytes = 256;

  @Option(
      names = "--batch",
      paramLabel = "N",
      description = "Rows of a lookup (default ${DEFAULT-VALUE}).")
  private int batch = 1024;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      description = "Length of each slice (default ${DEFAULT-VALUE}).")
  private double seconds = 2;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "How often each comes around; medians count (default ${DEFAULT-VALUE}).")
  private int rounds = 5;

  @Option(names = "--json", description = "Print the result as one JSON object on the last line.")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create(); // the parser puts the real one here

  private final Map<Beside, List<Slice>> slices = new EnumMap<>(Beside.class);

  @Override
  public Integer call() throws IOException, InterruptedException {
    for (int value : new int[] {clients, keys, rowBytes, batch, rounds}) {
      if (value < 1) {
        throw new ParameterException(
            spec.commandLine(), "a count must be at least 1, not " + value);
      }
    }
    Set<Beside> turns = EnumSet.of(Beside.NONE);
    turns.addAll(beside);
    InetSocketAddress server = new InetSocketAddress(host, port);
    try (HotGets gets = new HotGets(server, clients, keys, rowBytes, 1)) {
      gets.run(seconds); // warm-up
      for (int round = 0; round < rounds; round++) {
        for (Beside neighbor : turns) {
          Slice slice = slice(gets, neighbor(neighbor, server, round));
          slices.computeIfAbsent(neighbor, n -> new ArrayList<>()).add(slice);
          System.err.printf(Locale.ROOT, "round %d beside %s: %s%n", round + 1, neighbor, slice);
        }
      }
    }
    BenchResult result = result(turns);
    spec.commandLine().getOut().println(json ? result.toJson() : result.toTable());
    return 0;
  }

  /** One measured piece: GETs a second, percentiles of theirs, and what the neighbor read. */
  private record Slice(
      double getsPerSecond, double p50, double p99, double p999, double neighborPerSecond) {
    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%.0f GET/s, p50 %.0f us, p99 %.0f us, p999 %.0f us; the neighbor reads %.0f/s",
          getsPerSecond,
          p50,
          p99,
          p999,
          neighborPerSecond);
    }
  }

  private Slice slice(HotGets gets, @Nullable LookupStream neighbor)
      throws IOException, InterruptedException {
    if (neighbor == null) {
      return slice(gets.run(seconds), 0);
    }
    try (neighbor) {
      FutureTask<Long> work = new FutureTask<>(neighbor::run);
      Thread thread = new Thread(work, "neighbor");
      long started = System.nanoTime();
      thread.start();
      gets.run(LEAD_SECONDS);
      Histogram latencies = gets.run(seconds);
      double worked = (System.nanoTime() - started) / 1e9;
      thread.interrupt();
      return slice(latencies, work.get() / worked);
    } catch (ExecutionException e) {
      throw new IOException("the neighbor failed: " + e.getCause(), e);
    }
  }

  private Slice slice(Histogram nanos, double neighborPerSecond) {
    return new Slice(
        nanos.getTotalCount() / seconds,
        nanos.getValueAtPercentile(50) / 1e3,
        nanos.getValueAtPercentile(99) / 1e3,
        nanos.getValueAtPercentile(99.9) / 1e3,
        neighborPerSecond);
  }

  private @Nullable LookupStream neighbor(Beside who, InetSocketAddress server, long seed)
      throws IOException {
    return switch (who) {
      case NONE -> null;
      case COLD -> lookups(server, rows, seed, Double.POSITIVE_INFINITY);
      case HOT -> lookups(server, Math.min(rows, HOT_ROWS), seed, coldRowsPerSecond());
    };
  }

  private LookupStream lookups(
      InetSocketAddress server, long among, long seed, double rowsPerSecond) throws IOException {
    KeyStream ids = KeyStream.of(Distribution.UNIFORM, among, seed);
    return new LookupStream(server, RowLoader.TABLE, ids, batch, rowBytes, rowsPerSecond);
  }

  private double coldRowsPerSecond() {
    List<Slice> cold = slices.get(Beside.COLD);
    return cold == null ? Double.POSITIVE_INFINITY : cold.getLast().neighborPerSecond;
  }

  private BenchResult result(Set<Beside> turns) {
    BenchResult result = new BenchResult();
    double alone = 0;
    for (Beside neighbor : turns) {
      List<Slice> all = slices.getOrDefault(neighbor, List.of());
      String name = neighbor == Beside.NONE ? "alone" : neighbor.name().toLowerCase(Locale.ROOT);
      double p99 = median(all, Slice::p99);
      result
          .put(name + "_gets_per_s", median(all, Slice::getsPerSecond))
          .put(name + "_p50_us", median(all, Slice::p50))
          .put(name + "_p99_us", p99)
          .put(name + "_p999_us", median(all, Slice::p999));
      if (neighbor == Beside.NONE) {
        alone = p99;
      } else {
        result
            .put(name + "_p99_of_alone", p99 / alone)
            .put(name + "_neighbor_reads_per_s", median(all, Slice::neighborPerSecond));
      }
    }
    return result
        .put("clients", (long) clients)
        .put("keys", (long) keys)
        .put("rows", rows)
        .put("row_bytes", (long) rowBytes)
        .put("batch", (long) batch)
        .put("rounds", (long) rounds)
        .put("seconds", seconds);
  }

  private static double median(List<Slice> all, ToDoubleFunction<Slice> field) {
    double[] values = all.stream().mapToDouble(field).sorted().toArray();
    return (values[(values.length - 1) / 2] + values[values.length / 2]) / 2;
  }
}

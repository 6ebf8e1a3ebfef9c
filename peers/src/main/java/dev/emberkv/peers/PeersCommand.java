package dev.emberkv.peers;

import dev.emberkv.bench.ByteSize;
import dev.emberkv.bench.DataDirectory;
import dev.emberkv.bench.workload.ProcessMemory;
import dev.emberkv.peers.report.Machine;
import dev.emberkv.peers.report.Report;
import dev.emberkv.peers.run.Peer;
import dev.emberkv.peers.run.PeersRun;
import dev.emberkv.peers.run.Plan;
import dev.emberkv.peers.run.Results;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code emberkv bench peers}: the same work on this store and on others, and the report. */
@Command(
    name = "peers",
    mixinStandardHelpOptions = true,
    description = {
      "Measure this store and others at the same work, in turns, and write the report:",
      "index.html, summary.md and raw.json."
    })
public final class PeersCommand implements Callable<Integer> {
  /** The trace that a checkout with data beside it has. */
  private static final Path SHARED_TRACE = Path.of("shared", "traces", "video-interactions.txt");

  /** All stores hold all rows at once, some with twice their bytes, beside the bare array. */
  private static final double BYTES_PER_ROW_BYTE = 2;

  private static final double SHARE_OF_MEMORY = 0.7;

  @Option(names = "--quick", description = "A run of less than three minutes.")
  private boolean quick;

  @Option(
      names = "--rows",
      paramLabel = "N",
      description =
          "Rows that are looked up (default 4m, or what memory has room for; 400k with --quick).",
      converter = ByteSize.class)
  private @Nullable Long rows;

  @Option(
      names = "--row-bytes",
      paramLabel = "B",
      description = "Width of a row, a multiple of 8 (default ${DEFAULT-VALUE}).")
  private int rowBytes = 256;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "Turns of each store at each work (default 5; 3 with --quick).")
  private @Nullable Integer rounds;

  @Option(
      names = "--slice",
      paramLabel = "S",
      description = "Length of a turn in seconds (default 0.7; 0.1 with --quick).")
  private @Nullable Double sliceSeconds;

  @Option(
      names = "--warmup",
      paramLabel = "S",
      description = "Warm-up of each store under each budget (default 15; 2 with --quick).")
  private @Nullable Double warmSeconds;

  @Option(
      names = "--watch",
      paramLabel = "S",
      description = "Length of the overwriting (default 30; 3 with --quick).")
  private @Nullable Double watchSeconds;

  @Option(
      names = "--stores",
      paramLabel = "NAME",
      split = ",",
      description =
          "Which stores (default: all; without MapDB with --quick): ${COMPLETION-CANDIDATES}.")
  private List<Peer> stores = List.of();

  @Option(
      names = "--trace",
      paramLabel = "FILE",
      description = "`user item` lines to replay (default: that of ../shared, if it is there).")
  private @Nullable Path trace;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "An empty directory on the device to measure (default: a temporary one).")
  private @Nullable Path data;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Where to write the report (default ${DEFAULT-VALUE}).")
  private Path out = Path.of("bench-report");

  @Option(
      names = "--json",
      description = "Print the main figures as one JSON object on the last line.")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create(); // the parser puts the real one here

  /** Runs the command in a process of its own and ends that with its status. */
  public static void main(String[] arguments) {
    Thread.ofPlatform().daemon().name("launcher").start(PeersCommand::endWithLauncher);
    System.exit(
        new CommandLine(new PeersCommand())
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setExecutionExceptionHandler((failure, command, parsed) -> {
              failure.printStackTrace(command.getErr());
              return command.getCommandSpec().exitCodeOnExecutionException();
            })
            .execute(arguments));
  }

  /** Standard input ends when the launcher is gone; workers end when this process is. */
  private static void endWithLauncher() {
    try {
      while (System.in.read() >= 0) {} // nothing is expected
    } catch (IOException e) {
      System.err.println("emberkv: standard input: " + e);
    }
    System.exit(1);
  }

  /** A run that is ended from outside leaves neither workers nor, in a temporary place, files. */
  private static void cleanUp(DataDirectory directory) {
    List<ProcessHandle> workers = ProcessHandle.current().children().toList();
    workers.forEach(ProcessHandle::destroyForcibly);
    workers.forEach(worker -> worker.onExit().join());
    if (Files.exists(directory.path())) {
      directory.close();
    }
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Plan plan = plan();
    try (DataDirectory directory = DataDirectory.of(data)) {
      if (!directory.isEmpty()) {
        throw new ParameterException(spec.commandLine(), directory.path() + " is not empty");
      }
      Runtime.getRuntime().addShutdownHook(new Thread(() -> cleanUp(directory), "clean up"));
      Machine machine =
          Machine.read(directory.path(), spec.commandLine().getParseResult().originalArgs());
      Results results = PeersRun.run(plan, directory.path());
      Report report = new Report(plan, machine, results);
      report.write(out);
      var print = spec.commandLine().getOut();
      print.print(json ? report.mainFigures().toJson() + System.lineSeparator() : report.summary());
      print.println(json ? "" : "The page is " + out.resolve("index.html").toAbsolutePath());
      print.flush();
    }
    return 0;
  }

  private Plan plan() {
    if (rowBytes < 8 || rowBytes % 8 != 0) {
      throw new ParameterException(
          spec.commandLine(), "--row-bytes must be a positive multiple of 8, not " + rowBytes);
    }
    List<Peer> peers = peers();
    long room = (long) (ProcessMemory.availableBytes() * SHARE_OF_MEMORY);
    long fitting = (long) (room / (rowBytes * BYTES_PER_ROW_BYTE * (peers.size() + 1)));
    long wanted = rows != null ? rows : Math.min(quick ? 400_000 : 4_000_000, fitting);
    if (wanted < 10_000 || wanted > fitting) {
      throw new ParameterException(
          spec.commandLine(),
          String.format(
              Locale.ROOT,
              "--rows must be 10000 to %d, which memory has room for, not %d",
              fitting,
              wanted));
    }
    Plan plan =
        new Plan(
            quick,
            wanted,
            rowBytes,
            rounds != null ? rounds : quick ? 3 : 5,
            sliceSeconds != null ? sliceSeconds : quick ? 0.1 : 0.7,
            warmSeconds != null ? warmSeconds : quick ? 2 : 15,
            watchSeconds != null ? watchSeconds : quick ? 3 : 30,
            traceFile(),
            peers);
    if (plan.rounds() < 1
        || !(plan.sliceSeconds() > 0)
        || !(plan.warmSeconds() > 0)
        || !(plan.watchSeconds() >= 1)) {
      throw new ParameterException(
          spec.commandLine(), "--rounds, --slice and --warmup must be above 0, --watch at least 1");
    }
    return plan;
  }

  private List<Peer> peers() {
    return stores.isEmpty()
        ? Arrays.stream(Peer.values()).filter(peer -> !quick || peer != Peer.MAPDB).toList()
        : stores.stream().distinct().sorted().toList();
  }

  private @Nullable Path traceFile() {
    if (trace != null) {
      return trace.toAbsolutePath();
    }
    Path here = Path.of("").toAbsolutePath();
    Path source = Path.of(System.getProperty("emberkv.root", "")).toAbsolutePath();
    return Stream.of(here, here.resolveSibling(""), source, source.resolveSibling(""))
        .map(folder -> folder.resolve(SHARED_TRACE))
        .filter(Files::isRegularFile)
        .findFirst()
        .orElse(null);
  }
}

package dev.emberkv.bench;

import dev.emberkv.bench.workload.BenchResult;
import dev.emberkv.bench.workload.DeviceRequests;
import dev.emberkv.bench.workload.Measurement;
import dev.emberkv.bench.workload.ProcessMemory;
import dev.emberkv.uring.DirectFile;
import dev.emberkv.uring.IoBackend;
import dev.emberkv.uring.IoCounters;
import dev.emberkv.uring.IoMode;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code emberkv bench device}: what the device gives to the store's own queues. */
@Command(
    name = "device",
    description = {
      "Measure the device through the store's own queues: random 4 KiB reads, sequential reads and"
          + " writes. rows_per_s are the random reads.",
      "The file bench-device.dat stays in --data."
    })
final class DeviceBench implements Callable<Integer> {
  private static final int PAGE_BYTES = 4096;
  private static final int SEQUENTIAL_BYTES = 1 << 20;

  /** Enough to keep a device busy with large requests; more would only take memory. */
  private static final int SEQUENTIAL_DEPTH = 16;

  @Option(
      names = "--depth",
      paramLabel = "N",
      description = "Requests in flight of each thread (default ${DEFAULT-VALUE}).")
  private int depth = 128;

  @Option(
      names = "--threads",
      paramLabel = "T",
      description = "Threads that read at random, each with a queue (default ${DEFAULT-VALUE}).")
  private int threads = 1;

  @Option(
      names = "--file-size",
      paramLabel = "SIZE",
      description = "Size of the file (default 4gb; 256mb with --quick).",
      converter = ByteSize.class)
  private @Nullable Long fileBytes;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      description = "Length of the random reads (default 10; 2 with --quick).")
  private @Nullable Double seconds;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Seed of the places to read (default ${DEFAULT-VALUE}).")
  private long seed = 1;

  @Option(
      names = "--io",
      paramLabel = "auto|uring|portable",
      description = "I/O backend (default auto: io_uring where the kernel allows it).")
  private IoMode ioMode = IoMode.AUTO;

  @Option(names = "--quick", description = "A small and short run, to see that it works.")
  private boolean quick;

  @Mixin private ReportFlags report = new ReportFlags();

  @Spec private CommandSpec spec = CommandSpec.create(); // the parser puts the real one here

  @Override
  public Integer call() throws InterruptedException {
    if (depth < 1 || depth > IoBackend.MAX_DEPTH || threads < 1) {
      throw new ParameterException(
          spec.commandLine(),
          "--depth must be in 1..%d and --threads at least 1, not %d and %d"
              .formatted(IoBackend.MAX_DEPTH, depth, threads));
    }
    long bytes = fileBytes != null ? fileBytes : quick ? 256L << 20 : 4L << 30;
    bytes -= bytes % SEQUENTIAL_BYTES;
    if (bytes == 0) {
      throw new ParameterException(spec.commandLine(), "--file-size must be at least 1mb");
    }
    try (DataDirectory data = report.dataDirectory();
        IoBackend backend = IoBackend.open(ioMode);
        DirectFile file = backend.open(data.path().resolve("bench-device.dat"))) {
      file.allocate(0, bytes);
      report.print(measure(backend, file, bytes), spec.commandLine().getOut());
    }
    return 0;
  }

  private BenchResult measure(IoBackend backend, DirectFile file, long bytes)
      throws InterruptedException {
    double time = seconds != null ? seconds : quick ? 2 : 10;
    IoCounters before = backend.counters();
    DeviceRequests large =
        new DeviceRequests(backend, file, Math.min(depth, SEQUENTIAL_DEPTH), SEQUENTIAL_BYTES);
    System.err.println("writing " + ByteSize.format(bytes) + " to " + file.path());
    Measurement written = large.sequential(bytes, true);
    file.sync();
    System.err.println("reading it in order");
    Measurement read = large.sequential(bytes, false);
    System.err.println("reading it at random");
    DeviceRequests pages = new DeviceRequests(backend, file, depth, PAGE_BYTES);
    IoCounters beforeRandom = backend.counters();
    Measurement random = pages.readRandom(threads, bytes, time, seed);
    IoCounters duringRandom = backend.counters().since(beforeRandom);
    Measurement alone = pages.withDepth(1).readRandom(1, bytes, time / 4, seed);
    IoCounters all = backend.counters().since(before);
    return new BenchResult()
        .put("rows_per_s", random.rowsPerSecond())
        .put("hit_ratio", 0.0)
        .put("random_reads_per_s", random.rowsPerSecond())
        .put(
            "reads_per_submit", (double) duringRandom.reads() / Math.max(1, duringRandom.submits()))
        .put("sequential_read_bytes_per_s", read.rowsPerSecond() * SEQUENTIAL_BYTES)
        .put("sequential_write_bytes_per_s", written.rowsPerSecond() * SEQUENTIAL_BYTES)
        .put("device_reads", all.reads())
        .put("device_read_bytes", all.readBytes())
        .put("device_write_bytes", all.writtenBytes())
        .put("p50_us", random.micros(50))
        .put("p99_us", random.micros(99))
        .put("depth1_reads_per_s", alone.rowsPerSecond())
        .put("depth1_p50_us", alone.micros(50))
        .put("depth1_p99_us", alone.micros(99))
        .put("rss_bytes", ProcessMemory.residentBytes())
        .put("index_bytes", 0)
        .put("rows", bytes / PAGE_BYTES)
        .put("seconds", random.seconds())
        .put("depth", (long) depth)
        .put("threads", (long) threads)
        .put("direct", file.direct())
        .put("io", backend.name())
        .put("seed", seed)
        .put("quick", quick);
  }
}

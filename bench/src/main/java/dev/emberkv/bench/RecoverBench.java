package dev.emberkv.bench;

import dev.emberkv.bench.workload.BenchResult;
import dev.emberkv.bench.workload.DeviceRequests;
import dev.emberkv.bench.workload.Measurement;
import dev.emberkv.bench.workload.ProcessMemory;
import dev.emberkv.compaction.SegmentedLog;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreOptions;
import dev.emberkv.engine.StoreStats;
import dev.emberkv.uring.DirectFile;
import dev.emberkv.uring.IoBackend;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * {@code emberkv bench recover}: how long a store takes to open from its log alone, beside reading
 * the same bytes in order with nothing of a store in the way.
 */
@Command(
    name = "recover",
    description = {
      "Open a store from its log alone, and read the same file in order for comparison.",
      "The table is loaded first if DIR is empty. --dist, --seconds and --warmup have no effect."
    })
final class RecoverBench implements Callable<Integer> {
  private static final int SEQUENTIAL_BYTES = 1 << 20;
  private static final int SEQUENTIAL_DEPTH = 16;

  @Mixin private BenchFlags flags = new BenchFlags();

  @Spec private CommandSpec spec = CommandSpec.create(); // the parser puts the real one here

  @Override
  public Integer call() throws Exception {
    flags.check();
    try (DataDirectory data = flags.dataDirectory()) {
      StoreOptions options = flags.storeOptions(data.path());
      try (Store store = Store.open(options)) {
        new StoreRun(flags, store).loadedTable();
      }
      BenchResult result = new BenchResult();
      measure(data.path(), options, result);
      flags.print(result, spec.commandLine().getOut());
    }
    return 0;
  }

  private void measure(Path directory, StoreOptions options, BenchResult result)
      throws InterruptedException {
    Path volume = directory.resolve(SegmentedLog.VOLUME_NAME);
    Measurement read;
    try (IoBackend backend = IoBackend.open(options.ioMode());
        DirectFile file = backend.open(volume)) {
      System.err.println("reading " + volume + " in order");
      long bytes = file.sizeBytes() - file.sizeBytes() % SEQUENTIAL_BYTES;
      read =
          new DeviceRequests(backend, file, SEQUENTIAL_DEPTH, SEQUENTIAL_BYTES)
              .sequential(bytes, false);
    }
    System.err.println("opening the store");
    long start = System.nanoTime();
    try (Store store = Store.open(options)) {
      double seconds = (System.nanoTime() - start) / 1e9;
      StoreStats stats = store.stats();
      double readBytesPerSecond = read.rowsPerSecond() * SEQUENTIAL_BYTES;
      double openBytesPerSecond = stats.diskBytes() / seconds;
      result
          .put("rows_per_s", stats.rows() / seconds)
          .put("hit_ratio", 0.0)
          .put("open_seconds", seconds)
          .put("open_bytes_per_s", openBytesPerSecond)
          .put("sequential_read_bytes_per_s", readBytesPerSecond)
          .put("share_of_sequential_read", openBytesPerSecond / readBytesPerSecond)
          .put("device_reads", stats.deviceReads())
          .put("device_read_bytes", stats.deviceReadBytes())
          .put("device_write_bytes", stats.deviceWriteBytes())
          .put("p50_us", seconds * 1e6)
          .put("p99_us", seconds * 1e6)
          .put("rss_bytes", ProcessMemory.residentBytes())
          .put("index_bytes", stats.indexBytes())
          .put("disk_bytes", stats.diskBytes())
          .put("rows", stats.rows())
          .put("seconds", seconds)
          .put("io", stats.ioBackend());
      flags.addSettings(result, store.options());
    }
  }
}

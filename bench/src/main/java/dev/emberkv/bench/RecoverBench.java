package dev.emberkv.bench;

import dev.emberkv.bench.workload.BenchResult;
import dev.emberkv.bench.workload.DeviceRequests;
import dev.emberkv.bench.workload.Measurement;
import dev.emberkv.bench.workload.ProcessMemory;
import dev.emberkv.bench.workload.TableWork;
import dev.emberkv.bench.workload.Work;
import dev.emberkv.compaction.SegmentedLog;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreOptions;
import dev.emberkv.engine.StoreStats;
import dev.emberkv.engine.Table;
import dev.emberkv.uring.DirectFile;
import dev.emberkv.uring.IoBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.Callable;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * {@code emberkv bench recover}: how long a store takes to open from its checkpoint and from its
 * log alone, beside reading the same bytes in order with nothing of a store in the way.
 */
@Command(
    name = "recover",
    description = {
      "Open a store from its checkpoint and from its log alone, and read the same file in order for"
          + " comparison. Takes a checkpoint of all rows first, one after overwriting 1 %, and some"
          + " while rows are looked up.",
      "The table is loaded first if DIR is empty. --dist, --seconds and --warmup have no effect."
    })
final class RecoverBench implements Callable<Integer> {
  private static final int SEQUENTIAL_BYTES = 1 << 20;
  private static final int SEQUENTIAL_DEPTH = 16;

  private static final String CATALOG = "catalog.mdb";

  /** Each way is taken so many times, and the last counts: the first also compiles the code. */
  private static final int ROUNDS = 2;

  /** Of all rows, one in so many is overwritten between the two checkpoints. */
  private static final int CHANGED_SHARE = 100;

  @Mixin private BenchFlags flags = new BenchFlags();

  @Spec private CommandSpec spec = CommandSpec.create(); // the parser puts the real one here

  @Override
  public Integer call() throws Exception {
    flags.check();
    try (DataDirectory data = flags.dataDirectory()) {
      StoreOptions options = flags.storeOptions(data.path());
      BenchResult result = new BenchResult();
      long checkpointBytes = takeCheckpoints(data.path(), options, result);
      double readBytesPerSecond = readInOrder(data.path(), options);
      result.put("sequential_read_bytes_per_s", readBytesPerSecond);
      for (int round = 0; round < ROUNDS; round++) {
        openFromCheckpoint(options, checkpointBytes, readBytesPerSecond, result);
        Path catalog = data.path().resolve(CATALOG);
        Path aside = data.path().resolve(CATALOG + ".aside");
        Files.move(catalog, aside);
        openFromLog(options, readBytesPerSecond, result);
        Files.move(aside, catalog, StandardCopyOption.REPLACE_EXISTING);
      }
      flags.print(result, spec.commandLine().getOut());
    }
    return 0;
  }

  /** Returns the size of the first checkpoint, which has all rows. */
  private long takeCheckpoints(Path directory, StoreOptions options, BenchResult result)
      throws Exception {
    forgetCheckpoint(directory);
    try (Store store = Store.open(options)) {
      Table table = new StoreRun(flags, store).loadedTable();
      long start = System.nanoTime();
      store.checkpoint();
      long full = store.stats().checkpointBytes();
      result
          .put("full_checkpoint_seconds", (System.nanoTime() - start) / 1e9)
          .put("full_checkpoint_bytes", full);
      int changed = Math.clamp(flags.rows() / CHANGED_SHARE, 2, 1 << 20);
      Work puts = TableWork.puts(table, flags.keys(0, flags.rows()), flags.pattern(), changed);
      puts.prepare();
      puts.run(new Histogram(3));
      start = System.nanoTime();
      store.checkpoint();
      result
          .put("changed_rows", (long) changed)
          .put("changed_checkpoint_seconds", (System.nanoTime() - start) / 1e9)
          .put("changed_checkpoint_bytes", store.stats().checkpointBytes() - full);
      Work lookups =
          TableWork.lookups(
              table, flags.keys(1, flags.rows()), flags.pattern(), CheckpointLookups.BATCH);
      new CheckpointLookups(store, puts, lookups).run(result);
      return store.stats().checkpointBytes();
    }
  }

  private static void forgetCheckpoint(Path directory) throws IOException {
    Files.deleteIfExists(directory.resolve(CATALOG));
  }

  private double readInOrder(Path directory, StoreOptions options) throws InterruptedException {
    Path volume = directory.resolve(SegmentedLog.VOLUME_NAME);
    try (IoBackend backend = IoBackend.open(options.ioMode());
        DirectFile file = backend.open(volume)) {
      System.err.println("reading " + volume + " in order");
      long bytes = file.sizeBytes() - file.sizeBytes() % SEQUENTIAL_BYTES;
      Measurement read =
          new DeviceRequests(backend, file, SEQUENTIAL_DEPTH, SEQUENTIAL_BYTES)
              .sequential(bytes, false);
      return read.rowsPerSecond() * SEQUENTIAL_BYTES;
    }
  }

  private static void openFromCheckpoint(
      StoreOptions options, long checkpointBytes, double readBytesPerSecond, BenchResult result) {
    System.err.println("opening the store from its checkpoint");
    long start = System.nanoTime();
    try (Store store = Store.open(options)) {
      double seconds = (System.nanoTime() - start) / 1e9;
      long tailBytes = store.stats().deviceReadBytes();
      result
          .put("checkpoint_open_seconds", seconds)
          .put("checkpoint_open_tail_bytes", tailBytes)
          .put(
              "checkpoint_open_of_reading",
              seconds * readBytesPerSecond / (checkpointBytes + tailBytes));
    }
  }

  private void openFromLog(StoreOptions options, double readBytesPerSecond, BenchResult result) {
    System.err.println("opening the store from its log alone");
    long start = System.nanoTime();
    try (Store store = Store.open(options)) {
      double seconds = (System.nanoTime() - start) / 1e9;
      StoreStats stats = store.stats();
      double openBytesPerSecond = stats.diskBytes() / seconds;
      result
          .put("rows_per_s", stats.rows() / seconds)
          .put("hit_ratio", 0.0)
          .put("open_seconds", seconds)
          .put("open_bytes_per_s", openBytesPerSecond)
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

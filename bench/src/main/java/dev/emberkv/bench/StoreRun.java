package dev.emberkv.bench;

import dev.emberkv.bench.workload.BenchResult;
import dev.emberkv.bench.workload.KeyStream;
import dev.emberkv.bench.workload.Measurement;
import dev.emberkv.bench.workload.ProcessMemory;
import dev.emberkv.bench.workload.RowLoader;
import dev.emberkv.bench.workload.StoreActivity;
import dev.emberkv.bench.workload.WarmUp;
import dev.emberkv.bench.workload.Work;
import dev.emberkv.bench.workload.WorkThreads;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreStats;
import dev.emberkv.engine.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One benchmark's run on an open store: gets the table ready, measures slices of work and keeps
 * count of what the store did in them.
 *
 * <p>Not thread-safe.
 */
final class StoreRun {
  private static final int LOAD_BATCH = 8192;

  private final BenchFlags flags;
  private final Store store;
  private @Nullable Measurement measured;
  private StoreActivity activity = StoreActivity.NONE;
  private long residentBytes;

  StoreRun(BenchFlags flags, Store store) {
    this.flags = flags;
    this.store = store;
  }

  /** Returns the benchmark's table, loaded first if the store is new. */
  Table loadedTable() throws InterruptedException {
    if (RowLoader.existing(store, flags.rows(), flags.pattern()).isEmpty()) {
      load(newTable(), LOAD_BATCH);
      System.gc(); // what loading left behind is not part of the measured memory
    }
    return store.table(RowLoader.TABLE).orElseThrow();
  }

  /** Makes the benchmark's table, without rows. */
  Table newTable() {
    return RowLoader.newTable(store, flags.pattern());
  }

  /** Loads the table and returns what that took. */
  Measurement load(Table table, int batch) throws InterruptedException {
    try (ProgressBar bar = ProgressBar.start("load", "rows", flags.rows())) {
      return RowLoader.load(
          store, table, flags.rows(), flags.pattern(), flags.threads(), batch, bar::step);
    }
  }

  /** Makes a work for each thread, on keys of all rows. */
  List<Work> works(Function<KeyStream, Work> maker) {
    return works(flags.rows(), maker);
  }

  /** Makes a work for each thread, on keys of the first {@code rows} rows. */
  List<Work> works(long rows, Function<KeyStream, Work> maker) {
    List<Work> works = new ArrayList<>();
    for (int thread = 0; thread < flags.threads(); thread++) {
      works.add(maker.apply(flags.keys(thread, rows)));
    }
    return works;
  }

  /** Runs works, unmeasured, until the store is in the state that they keep it in. */
  void warmUp(Table table, List<Work> works) throws InterruptedException {
    System.err.println("warming up");
    new WarmUp(store, table).run(works, flags.warmUpSeconds());
  }

  /** Measures works on the store and adds them to the result. */
  void measure(List<Work> works, double seconds) throws InterruptedException {
    StoreStats before = store.stats();
    add(WorkThreads.run(works, seconds, rows -> {}), before);
  }

  /** Adds what was measured since a reading of the store's counters. */
  void add(Measurement measurement, StoreStats before) {
    if (measured == null) {
      // After the first slice: what a benchmark sets up beside the store later is not the store's.
      residentBytes = ProcessMemory.residentBytes();
    }
    activity = activity.plus(StoreActivity.between(before, store.stats()));
    measured = measured == null ? measurement : measured.plus(measurement);
  }

  /** Returns the rate of what was measured. */
  double rowsPerSecond() {
    return all().rowsPerSecond();
  }

  /** Returns how many rows were moved in what was measured. */
  long rowsMoved() {
    return all().rows();
  }

  private Measurement all() {
    return Objects.requireNonNull(measured, "nothing was measured");
  }

  /** Returns the result that all benchmarks of a store share. */
  BenchResult result() {
    Measurement all = all();
    StoreStats stats = store.stats();
    BenchResult result =
        new BenchResult()
            .put("rows_per_s", all.rowsPerSecond())
            .put("wall_rows_per_s", all.wallRowsPerSecond())
            .put("hit_ratio", activity.hitRatio())
            .put("device_reads", activity.deviceReads())
            .put("device_read_bytes", activity.deviceReadBytes())
            .put("device_write_bytes", activity.deviceWriteBytes())
            .put("device_submits", activity.deviceSubmits())
            .put("p50_us", all.micros(50))
            .put("p99_us", all.micros(99))
            .put("max_us", all.micros(100))
            .put("rss_bytes", residentBytes)
            .put("hot_read_p50_us", stats.hotLatency().p50Nanos() / 1e3)
            .put("hot_read_p99_us", stats.hotLatency().p99Nanos() / 1e3)
            .put("cold_read_p50_us", stats.coldLatency().p50Nanos() / 1e3)
            .put("cold_read_p99_us", stats.coldLatency().p99Nanos() / 1e3)
            .put("store_memory_bytes", stats.memoryBytes())
            .put("index_bytes", stats.indexBytes())
            .put("disk_bytes", stats.diskBytes())
            .put("rows", stats.rows())
            .put("hot_rows", stats.hotRows())
            .put("rows_moved", all.rows())
            .put("seconds", all.seconds())
            .put("io", stats.ioBackend());
    flags.addSettings(result, store.options());
    return result;
  }
}

package dev.emberkv.bench;

import dev.emberkv.bench.workload.BenchResult;
import dev.emberkv.bench.workload.CleaningProbe;
import dev.emberkv.bench.workload.DeletionProbe;
import dev.emberkv.bench.workload.TableWork;
import dev.emberkv.bench.workload.Work;
import dev.emberkv.bench.workload.WorkThreads;
import dev.emberkv.engine.SpaceStats;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreOptions;
import dev.emberkv.engine.StoreStats;
import dev.emberkv.engine.Table;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code emberkv bench compact}: overwrites rows of a store that is nearly full. */
@Command(
    name = "compact",
    description = {
      "Overwrite rows of a nearly full store and report what is written for each byte of them.",
      "The disk limit follows from the rows and --utilization. The run is as long as --rounds says;",
      "--seconds is for --lookups, and --warmup has no effect."
    })
final class CompactBench implements Callable<Integer> {
  private static final int PAGE_BYTES = 4096;
  private static final int HEADER_BYTES = 32;
  private static final int GRANULE_BYTES = 32;

  /** Rows in a write beside lookups: small enough to be spread over the second. */
  private static final int PROBE_BATCH = 1024;

  @Mixin private BenchFlags flags = new BenchFlags();

  @Option(
      names = "--utilization",
      paramLabel = "U",
      description = "Rows as a share of the disk limit, 0.05 to 0.95 (default ${DEFAULT-VALUE}).")
  private double utilization = 0.8;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description =
          "Overwrites before and while it is measured, in multiples of the rows (default"
              + " ${DEFAULT-VALUE}): the second half counts.")
  private double rounds = 6;

  @Option(
      names = "--lookups",
      paramLabel = "N",
      description =
          "Also measure lookups of so many rows beside overwrites at --write-rate, for --seconds each:"
              + " while there is free space, and once there is none.")
  private int lookups;

  @Option(
      names = "--write-rate",
      paramLabel = "N",
      description = "Rows overwritten in a second beside --lookups (default ${DEFAULT-VALUE}).")
  private double writeRate = 20_000;

  @Option(
      names = "--delete",
      paramLabel = "SHARE",
      description =
          "In the end, delete this share of the rows and wait up to 60 s for the disk space.")
  private double deleteShare;

  @Spec private CommandSpec spec = CommandSpec.create(); // the parser puts the real one here

  @Override
  public Integer call() throws InterruptedException {
    flags.check();
    if (!(utilization >= 0.05 && utilization <= 0.95) || !(rounds > 0)) {
      throw new ParameterException(
          spec.commandLine(), "--utilization is 0.05 to 0.95, and --rounds above 0");
    }
    if (lookups < 0 || !(writeRate > 0) || !(deleteShare >= 0 && deleteShare <= 1)) {
      throw new ParameterException(
          spec.commandLine(),
          "--lookups is at least 0, --write-rate above 0, and --delete is 0 to 1");
    }
    try (DataDirectory data = flags.dataDirectory()) {
      if (!data.isEmpty()) {
        throw new ParameterException(spec.commandLine(), data.path() + " is not empty");
      }
      StoreOptions options = flags.storeOptions(data.path()).withDiskLimitBytes(diskLimitBytes());
      try (Store store = Store.open(options)) {
        StoreRun run = new StoreRun(flags, store);
        Table table = run.loadedTable();
        List<Work> updates =
            run.works(keys -> TableWork.puts(table, keys, flags.pattern(), flags.batch()));
        long half = (long) (rounds / 2 * flags.rows());
        CleaningProbe free = lookups > 0 ? probe(store, table) : null;
        overwrite("fill", updates, half, run, store, false);
        CleaningProbe full = lookups > 0 ? probe(store, table) : null;
        StoreStats before = store.stats();
        overwrite("measure", updates, half, run, store, true);
        BenchResult result = result(run, before, store.stats());
        if (free != null && full != null) {
          putLookups(result, free, full);
        }
        if (deleteShare > 0) {
          putDeletion(result, store, table);
        }
        flags.print(result, spec.commandLine().getOut());
      }
    }
    return 0;
  }

  private static void overwrite(
      String name, List<Work> works, long rows, StoreRun run, Store store, boolean measured)
      throws InterruptedException {
    AtomicLong left = new AtomicLong(rows);
    List<Work> bounded = works.stream().map(work -> bounded(work, left)).toList();
    StoreStats before = store.stats();
    try (ProgressBar bar = ProgressBar.start(name, "rows", rows)) {
      var measurement = WorkThreads.runToEnd(bounded, bar::step);
      if (measured) {
        run.add(measurement, before);
      }
    }
  }

  /** Returns a work that is done when all threads together have done a number of rows. */
  private static Work bounded(Work work, AtomicLong left) {
    return new Work() {
      @Override
      public void prepare() {
        work.prepare();
      }

      @Override
      public long run(org.HdrHistogram.Histogram latenciesNanos) {
        if (left.get() <= 0) {
          return 0;
        }
        long moved = work.run(latenciesNanos);
        left.addAndGet(-moved);
        return moved;
      }

      @Override
      public void verify() {
        work.verify();
      }
    };
  }

  private int storedBytes() {
    int bytes = HEADER_BYTES + flags.pattern().rowBytes();
    return Math.ceilDiv(bytes, GRANULE_BYTES) * GRANULE_BYTES;
  }

  private CleaningProbe probe(Store store, Table table) throws InterruptedException {
    int batch = Math.min(flags.batch(), PROBE_BATCH);
    Work reads = TableWork.lookups(table, flags.keys(1, flags.rows()), flags.pattern(), lookups);
    Work writes = TableWork.puts(table, flags.keys(2, flags.rows()), flags.pattern(), batch);
    System.err.println("lookups beside overwrites");
    return CleaningProbe.run(store, reads, writes, writeRate, flags.seconds());
  }

  private static void putLookups(BenchResult result, CleaningProbe free, CleaningProbe full) {
    result
        .put("lookup_p50_us_free", free.p50Micros())
        .put("lookup_p99_us_free", free.p99Micros())
        .put("segments_cleaned_free", free.segmentsCleaned())
        .put("lookup_p50_us_cleaning", full.p50Micros())
        .put("lookup_p99_us_cleaning", full.p99Micros())
        .put("segments_cleaned_beside", full.segmentsCleaned())
        .put("rows_overwritten_free", free.rowsOverwritten())
        .put("rows_overwritten_cleaning", full.rowsOverwritten());
  }

  private void putDeletion(BenchResult result, Store store, Table table) {
    long expected = (long) (deleteShare * flags.rows());
    try (ProgressBar bar = ProgressBar.start("delete", "rows", expected)) {
      DeletionProbe probe =
          DeletionProbe.run(store, table, flags.rows(), deleteShare, bytesPerRow(), 1, bar::step);
      result
          .put("rows_deleted", probe.rowsDeleted())
          .put("delete_seconds", probe.deleteSeconds())
          .put("live_bytes_after", probe.liveBytes())
          .put("disk_bytes_after", probe.diskBytes())
          .put("settled_seconds", probe.settledSeconds());
    }
  }

  /** Returns the limit that the rows, with the rest of their pages, fill to the utilization. */
  private long diskLimitBytes() {
    return (long) (flags.rows() * bytesPerRow() / utilization);
  }

  /** Returns what a row takes of the log when pages are full. */
  private double bytesPerRow() {
    int stored = storedBytes();
    int perPage = PAGE_BYTES / stored;
    return perPage > 0
        ? (double) PAGE_BYTES / perPage
        : Math.ceilDiv(stored, PAGE_BYTES) * (double) PAGE_BYTES;
  }

  private BenchResult result(StoreRun run, StoreStats before, StoreStats after) {
    BenchResult result = run.result();
    SpaceStats space = after.space().since(before.space());
    long userBytes = run.rowsMoved() * (HEADER_BYTES + flags.pattern().rowBytes());
    long written = after.deviceWriteBytes() - before.deviceWriteBytes();
    return result
        .put("write_amplification", (double) written / userBytes)
        .put("log_write_amplification", space.writeAmplification())
        .put("user_bytes", userBytes)
        .put("moved_bytes", space.movedBytes())
        .put("segments_cleaned", space.segmentsCleaned())
        .put("utilization", utilization)
        .put("disk_limit_bytes", diskLimitBytes());
  }
}

package dev.emberkv.bench;

import dev.emberkv.bench.workload.BenchResult;
import dev.emberkv.bench.workload.Measurement;
import dev.emberkv.bench.workload.PlainArray;
import dev.emberkv.bench.workload.ProcessMemory;
import dev.emberkv.bench.workload.ScanProbe;
import dev.emberkv.bench.workload.TableWork;
import dev.emberkv.bench.workload.Work;
import dev.emberkv.bench.workload.WorkThreads;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.Table;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code emberkv bench lookup}: reads rows, in turns with gathering the same rows from a plain
 * array, so that a machine that is slower for a second is slower for both.
 */
@Command(
    name = "lookup",
    description = {
      "Read rows, beside a bare gather of the same rows without an index.",
      "Loads the rows first when the directory is empty, and leaves them there."
    })
final class LookupBench implements Callable<Integer> {
  private static final int SLICES = 5;

  /** The array takes at most this share of the free memory; the page cache needs some, too. */
  private static final double ARRAY_SHARE = 0.8;

  @Mixin private BenchFlags flags = new BenchFlags();

  @Option(
      names = "--scan",
      description = "In the end, scan all rows while the lookups go on; report the hit ratios.")
  private boolean scan;

  @Spec private CommandSpec spec = CommandSpec.create(); // the parser puts the real one here

  @Override
  public Integer call() throws InterruptedException {
    flags.check();
    try (DataDirectory data = flags.dataDirectory();
        Store store = Store.open(flags.storeOptions(data.path()))) {
      flags.print(measure(store), spec.commandLine().getOut());
    }
    return 0;
  }

  private BenchResult measure(Store store) throws InterruptedException {
    StoreRun run = new StoreRun(flags, store);
    Table table = run.loadedTable();
    List<Work> lookups =
        run.works(keys -> TableWork.lookups(table, keys, flags.pattern(), flags.batch()));
    run.warmUp(table, lookups);
    double slice = flags.seconds() / SLICES;
    run.measure(lookups, slice);
    long arrayRows = Math.min(flags.rows(), largestArrayRows());
    Measurement limit;
    try (PlainArray array = PlainArray.of(arrayRows, flags.pattern())) {
      List<Work> gathers = run.works(arrayRows, keys -> array.gathers(keys, flags.batch()));
      WorkThreads.run(gathers, slice, rows -> {}); // warm-up
      limit = WorkThreads.run(gathers, slice, rows -> {});
      for (int i = 1; i < SLICES; i++) {
        run.measure(lookups, slice);
        limit = limit.plus(WorkThreads.run(gathers, slice, rows -> {}));
      }
    }
    BenchResult result = run.result();
    result
        .put("limit_rows_per_s", limit.rowsPerSecond())
        .put("limit_rows", arrayRows)
        .put("of_limit", run.rowsPerSecond() / limit.rowsPerSecond())
        .put("ideal_hit_ratio", idealHitRatio(store))
        .put("resident_ideal_hit_ratio", shareOfTop(store.stats().hotRows()));
    if (scan) {
      ScanProbe probe = ScanProbe.run(store, table, lookups);
      result
          .put("hit_ratio_before_scan", probe.before())
          .put("hit_ratio_after_scan", probe.after())
          .put("hit_ratio_10s_after_scan", probe.later())
          .put("scan_seconds", probe.scanSeconds());
    }
    return result;
  }

  private long largestArrayRows() {
    double bytes = ProcessMemory.availableBytes() * ARRAY_SHARE;
    return Math.max(1, (long) (bytes / flags.pattern().rowBytes()));
  }

  /** The hit ratio if the budget held nothing but the rows that are used most. */
  private double idealHitRatio(Store store) {
    long rowsInBudget = store.options().memoryBytes() / flags.pattern().rowBytes();
    return shareOfTop(rowsInBudget);
  }

  private double shareOfTop(long rows) {
    return flags.distribution().shareOfTop(rows, flags.rows());
  }
}

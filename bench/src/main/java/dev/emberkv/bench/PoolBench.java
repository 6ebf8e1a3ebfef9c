package dev.emberkv.bench;

import dev.emberkv.bench.workload.BenchResult;
import dev.emberkv.bench.workload.Measurement;
import dev.emberkv.bench.workload.PoolWork;
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
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code emberkv bench pool}: sums of bags of rows, in turns with lookups of the same table. */
@Command(
    name = "pool",
    description = {
      "Read rows and sum them bag by bag, beside plain lookups; rates count the rows read.",
      "Loads the rows first when the directory is empty, and leaves them there."
    })
final class PoolBench implements Callable<Integer> {
  private static final int SLICES = 5;

  @Option(
      names = "--bag",
      paramLabel = "N",
      description = "Rows of a bag (default ${DEFAULT-VALUE}).")
  private int bag = 32;

  @Mixin private BenchFlags flags = new BenchFlags();

  @Spec private CommandSpec spec = CommandSpec.create(); // the parser puts the real one here

  @Override
  public Integer call() throws InterruptedException {
    flags.check();
    if (bag < 1) {
      throw new ParameterException(spec.commandLine(), "--bag must be at least 1, not " + bag);
    }
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
    List<Work> pools = run.works(keys -> new PoolWork(table, keys, flags.batch(), bag));
    run.warmUp(table, lookups);
    double slice = flags.seconds() / SLICES;
    WorkThreads.run(pools, slice, rows -> {}); // warm-up
    Measurement looked = WorkThreads.run(lookups, slice, rows -> {});
    run.measure(pools, slice);
    for (int i = 1; i < SLICES; i++) {
      looked = looked.plus(WorkThreads.run(lookups, slice, rows -> {}));
      run.measure(pools, slice);
    }
    return run.result()
        .put("lookup_rows_per_s", looked.rowsPerSecond())
        .put("of_lookup", run.rowsPerSecond() / looked.rowsPerSecond())
        .put("bag", bag);
  }
}

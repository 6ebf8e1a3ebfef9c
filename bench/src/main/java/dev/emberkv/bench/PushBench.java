package dev.emberkv.bench;

import dev.emberkv.bench.workload.BenchResult;
import dev.emberkv.bench.workload.Measurement;
import dev.emberkv.bench.workload.PushWork;
import dev.emberkv.bench.workload.TableWork;
import dev.emberkv.bench.workload.Work;
import dev.emberkv.bench.workload.WorkThreads;
import dev.emberkv.engine.Optimizer;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.Table;
import dev.emberkv.engine.TableSpec;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code emberkv bench push}: pushes gradients to rows, in turns with lookups of rows that are as
 * wide with their state as these.
 */
@Command(
    name = "push",
    description = {
      "Push gradients to a table with Adagrad, beside lookups of equally wide rows.",
      "--row-bytes is the width with the accumulators: 512 for 64 columns.",
      "Loads both tables first when the directory is empty, and leaves them there."
    })
final class PushBench implements Callable<Integer> {
  private static final String TABLE = "bench_push";
  private static final int SLICES = 5;
  private static final int LOAD_BATCH = 8192;

  /** An f32 weight and an f32 accumulator. */
  private static final int COLUMN_BYTES = 2 * Float.BYTES;

  @Mixin private BenchFlags flags = new BenchFlags();

  @Spec private CommandSpec spec = CommandSpec.create(); // the parser puts the real one here

  @Override
  public Integer call() throws InterruptedException {
    flags.check();
    if (flags.pattern().rowBytes() % COLUMN_BYTES != 0) {
      throw new ParameterException(
          spec.commandLine(), "--row-bytes must be a multiple of " + COLUMN_BYTES);
    }
    try (DataDirectory data = flags.dataDirectory();
        Store store = Store.open(flags.storeOptions(data.path()))) {
      flags.print(measure(store), spec.commandLine().getOut());
    }
    return 0;
  }

  private BenchResult measure(Store store) throws InterruptedException {
    StoreRun run = new StoreRun(flags, store);
    Table plain = run.loadedTable();
    Table learning = learningTable(store);
    List<Work> lookups =
        run.works(keys -> TableWork.lookups(plain, keys, flags.pattern(), flags.batch()));
    List<Work> pushes = run.works(keys -> new PushWork(learning, keys, flags.batch()));
    run.warmUp(plain, lookups);
    run.warmUp(learning, pushes);
    double slice = flags.seconds() / SLICES;
    WorkThreads.run(pushes, slice, rows -> {}); // warm-up
    Measurement looked = WorkThreads.run(lookups, slice, rows -> {});
    run.measure(pushes, slice);
    for (int i = 1; i < SLICES; i++) {
      looked = looked.plus(WorkThreads.run(lookups, slice, rows -> {}));
      run.measure(pushes, slice);
    }
    return run.result()
        .put("lookup_rows_per_s", looked.rowsPerSecond())
        .put("of_lookup", run.rowsPerSecond() / looked.rowsPerSecond())
        .put("dim", learning.spec().dim());
  }

  private Table learningTable(Store store) {
    TableSpec wanted =
        TableSpec.of(TABLE, flags.pattern().rowBytes() / COLUMN_BYTES)
            .withOptimizer(Optimizer.adagrad());
    Optional<Table> found = store.table(TABLE);
    if (found.isPresent()) {
      if (!found.get().spec().equals(wanted) || found.get().size() != flags.rows()) {
        throw new IllegalStateException(
            store.options().directory() + " holds another table of that benchmark's");
      }
      return found.get();
    }
    Table table = store.createTable(wanted);
    PushWork.load(table, flags.rows(), LOAD_BATCH);
    store.flush();
    return table;
  }
}

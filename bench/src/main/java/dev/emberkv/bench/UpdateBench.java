package dev.emberkv.bench;

import dev.emberkv.bench.workload.TableWork;
import dev.emberkv.bench.workload.Work;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.Table;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code emberkv bench update}: overwrites rows that are there. */
@Command(
    name = "update",
    description = {
      "Overwrite rows.",
      "Loads the rows first when the directory is empty, and leaves them there."
    })
final class UpdateBench implements Callable<Integer> {
  @Mixin private BenchFlags flags = new BenchFlags();

  @Spec private CommandSpec spec = CommandSpec.create(); // the parser puts the real one here

  @Override
  public Integer call() throws InterruptedException {
    flags.check();
    try (DataDirectory data = flags.dataDirectory();
        Store store = Store.open(flags.storeOptions(data.path()))) {
      StoreRun run = new StoreRun(flags, store);
      Table table = run.loadedTable();
      List<Work> updates =
          run.works(keys -> TableWork.puts(table, keys, flags.pattern(), flags.batch()));
      run.warmUp(table, updates);
      run.measure(updates, flags.seconds());
      flags.print(run.result(), spec.commandLine().getOut());
    }
    return 0;
  }
}

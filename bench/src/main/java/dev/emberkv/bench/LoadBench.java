package dev.emberkv.bench;

import dev.emberkv.bench.workload.BenchResult;
import dev.emberkv.bench.workload.KeyStream;
import dev.emberkv.bench.workload.StallWatch;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreStats;
import dev.emberkv.engine.Table;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code emberkv bench load}: writes the table into an empty store, until it is durable. */
@Command(
    name = "load",
    description = {
      "Write the rows 0..N-1 into an empty store; the time ends when all are durable.",
      "--dist, --seconds and --warmup have no effect here."
    })
final class LoadBench implements Callable<Integer> {
  @Mixin private BenchFlags flags = new BenchFlags();

  @Option(
      names = "--reader",
      description = "One more thread reads single keys meanwhile; report how long it waited.")
  private boolean reader;

  @Spec private CommandSpec spec = CommandSpec.create(); // the parser puts the real one here

  @Override
  public Integer call() throws InterruptedException {
    flags.check();
    try (DataDirectory data = flags.dataDirectory()) {
      if (!data.isEmpty()) {
        throw new ParameterException(spec.commandLine(), data.path() + " is not empty");
      }
      try (Store store = Store.open(flags.storeOptions(data.path()))) {
        StoreRun run = new StoreRun(flags, store);
        StoreStats before = store.stats();
        Table table = run.newTable();
        KeyStream keys = flags.keys(flags.threads(), flags.rows());
        StallWatch watch = reader ? new StallWatch(table, keys) : null;
        try {
          run.add(run.load(table, flags.batch()), before);
        } finally {
          if (watch != null) {
            watch.stop();
          }
        }
        BenchResult result = run.result();
        if (watch != null) {
          watch.addTo(result);
        }
        flags.print(result, spec.commandLine().getOut());
      }
    }
    return 0;
  }
}

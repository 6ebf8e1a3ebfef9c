package dev.emberkv.bench;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code emberkv bench}: measures a store on this machine, beside the limit of the same run. */
@Command(
    name = "bench",
    description = "Measure a store on this machine.",
    subcommands = {
      LoadBench.class,
      LookupBench.class,
      UpdateBench.class,
      PushBench.class,
      PoolBench.class,
      CompactBench.class,
      RecoverBench.class,
      DeviceBench.class,
      UploadBench.class,
      NeighborBench.class,
      PeersBench.class,
      JmhBench.class
    })
final class BenchCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create(); // the parser puts the real one here

  @Override
  public Integer call() {
    throw new ParameterException(spec.commandLine(), "say what to measure");
  }
}

package dev.emberkv.bench;

import dev.emberkv.engine.StoreCheck;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code emberkv check}: reads and verifies every record of a store that is not open. */
@Command(
    name = "check",
    description = "Read and verify every record; exit 1 and a list when something is wrong.")
final class CheckCommand implements Callable<Integer> {
  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Where the store keeps its files (default ${DEFAULT-VALUE}).")
  private Path data = ServeCommand.DEFAULT_DATA;

  @Mixin private StoreFlags store = new StoreFlags();

  @Spec private CommandSpec spec = CommandSpec.create(); // the parser puts the real one here

  /** Checks; 1 when anything is damaged. */
  @Override
  public Integer call() {
    StoreCheck.Report report = StoreCheck.run(store.options(data));
    PrintWriter out = spec.commandLine().getOut();
    report.damage().forEach(out::println);
    if (report.damagedPlaces() > report.damage().size()) {
      out.printf("and %d more%n", report.damagedPlaces() - report.damage().size());
    }
    out.printf(
        "%d records with %s of payload, %d damaged places%n",
        report.records(), ByteSize.format(report.payloadBytes()), report.damagedPlaces());
    out.flush();
    return report.damagedPlaces() == 0 ? 0 : 1;
  }
}

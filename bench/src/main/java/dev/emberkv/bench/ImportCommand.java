package dev.emberkv.bench;

import dev.emberkv.engine.Store;
import dev.emberkv.engine.TableImport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code emberkv import}: reads what {@code emberkv export} wrote into a table. */
@Command(
    name = "import",
    description = {
      "Read an export, of all rows or of changes, into a table of a store that is not open.",
      "The table is made if it is not there. An import that was cut short is repeated."
    })
final class ImportCommand implements Callable<Integer> {
  @Parameters(paramLabel = "FILE", description = "The export.")
  private Path file = Path.of("");

  @Option(
      names = "--table",
      paramLabel = "NAME",
      description = "The table (default: the name of the one that was exported).")
  private @Nullable String table;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Where the store keeps its files (default ${DEFAULT-VALUE}).")
  private Path data = ServeCommand.DEFAULT_DATA;

  @Mixin private StoreFlags storeFlags = new StoreFlags();

  @Spec private CommandSpec spec = CommandSpec.create(); // the parser puts the real one here

  @Override
  public Integer call() throws IOException {
    long bytes = Files.size(file);
    try (Store store = Store.open(storeFlags.options(data))) {
      TableImport.Summary done;
      try (ProgressBar bar = ProgressBar.start("import", "bytes", bytes)) {
        done = TableImport.run(store, file, table, bar::step);
      }
      spec.commandLine()
          .getOut()
          .printf(
              "%d rows, %d deletions, position %d%n",
              done.rows(), done.deletions(), done.position());
      spec.commandLine().getOut().flush();
    }
    return 0;
  }
}

package dev.emberkv.bench;

import dev.emberkv.engine.Store;
import dev.emberkv.engine.Table;
import dev.emberkv.engine.TableExport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code emberkv export}: writes a table, or what changed in it, to a file. */
@Command(
    name = "export",
    description = {
      "Write all rows of a table of a store that is not open to FILE, or what changed.",
      "Called again for a file that is not finished, it goes on where that ends."
    })
final class ExportCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "TABLE", description = "The table.")
  private String table = "";

  @Parameters(index = "1", paramLabel = "FILE", description = "The file to write.")
  private Path file = Path.of("");

  @Option(
      names = "--since",
      paramLabel = "POSITION",
      description =
          "Only what changed since the position that an earlier export printed, deletions"
              + " included.")
  private @Nullable Long since;

  @Option(
      names = "--npy",
      description =
          "For NumPy: FILE.ids.npy with the ids as u64 and FILE.rows.npy with the embeddings as"
              + " f32.")
  private boolean npy;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Where the store keeps its files (default ${DEFAULT-VALUE}).")
  private Path data = ServeCommand.DEFAULT_DATA;

  @Mixin private StoreFlags storeFlags = new StoreFlags();

  @Spec private CommandSpec spec = CommandSpec.create(); // the parser puts the real one here

  @Override
  public Integer call() throws IOException {
    if (npy && since != null) {
      throw new ParameterException(spec.commandLine(), "--npy is for all rows, without --since");
    }
    try (Store store = Store.open(storeFlags.options(data))) {
      Table source =
          store
              .table(table)
              .orElseThrow(
                  () -> new IllegalStateException("there is no table " + table + " in " + data));
      TableExport.Summary done;
      try (ProgressBar bar = ProgressBar.start("export", "rows", source.size())) {
        done = run(source, bar);
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

  private TableExport.Summary run(Table source, ProgressBar bar) throws IOException {
    if (npy) {
      return TableExport.npy(source, file, bar::step);
    }
    return since == null
        ? TableExport.rows(source, file, bar::step)
        : TableExport.changes(source, since, file, bar::step);
  }
}

package dev.emberkv.bench;

import dev.emberkv.cuda.CudaProbe;
import dev.emberkv.uring.Finding;
import dev.emberkv.uring.SystemProbe;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code emberkv doctor}: what of this machine works for a store, and what to do about the rest.
 */
@Command(
    name = "doctor",
    description = "Try what the machine offers: what works, and what to do about the rest.")
final class DoctorCommand implements Callable<Integer> {
  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Where the store would keep its files (default ${DEFAULT-VALUE}).")
  private Path data = ServeCommand.DEFAULT_DATA;

  @Spec private CommandSpec spec = CommandSpec.create(); // the parser puts the real one here

  /** Tells; a store runs on what there is, so nothing found is a failure. */
  @Override
  public Integer call() {
    List<Finding> findings = new ArrayList<>(SystemProbe.run(data));
    findings.add(CudaProbe.run());
    print(findings, spec.commandLine().getOut());
    return 0;
  }

  static void print(List<Finding> findings, PrintWriter out) {
    int width = findings.stream().mapToInt(f -> f.name().length()).max().orElse(0);
    for (Finding finding : findings) {
      String mark = finding.ok() ? "ok" : "warn";
      out.printf(
          Locale.ROOT, "%-4s  %-" + width + "s  %s%n", mark, finding.name(), finding.detail());
      if (!finding.ok()) {
        out.printf(Locale.ROOT, "      %-" + width + "s  -> %s%n", "", finding.fix());
      }
    }
    out.flush();
  }
}

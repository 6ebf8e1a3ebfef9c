package dev.emberkv.bench;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

/**
 * {@code emberkv bench jmh}: the microbenchmarks, in a process of their own.
 *
 * <p>JMH starts each benchmark in a fresh JVM and hands it nothing but a class path, so its host
 * runs on one that holds everything: what is a module otherwise is part of the unnamed module
 * there.
 */
@Command(
    name = "jmh",
    description = {
      "Run the JMH microbenchmarks. All other arguments go to JMH: a regular expression that selects"
          + " benchmarks, -l to list them, -prof gc, -f, -wi, -i, ..."
    })
final class JmhBench implements Callable<Integer> {
  private static final List<String> QUICK =
      List.of("-f", "1", "-wi", "1", "-i", "2", "-w", "1", "-r", "1");

  @Option(names = "--quick", description = "One fork with short iterations.")
  private boolean quick;

  @Option(names = "--json", description = "Print JMH's results as one JSON object on one line.")
  private boolean json;

  @Unmatched private List<String> jmhArguments = new ArrayList<>();

  @Spec private CommandSpec spec = CommandSpec.create(); // the parser puts the real one here

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path results = Files.createTempFile("emberkv-jmh-", ".json");
    try {
      List<String> command = new ArrayList<>(javaCommand());
      command.addAll(quick ? QUICK : List.of());
      command.addAll(jmhArguments);
      command.addAll(List.of("-rf", "json", "-rff", results.toString()));
      ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
      if (json) {
        builder.redirectOutput(ProcessBuilder.Redirect.PIPE);
      }
      Process jmh = builder.start();
      if (json) {
        jmh.getInputStream().transferTo(System.err);
      }
      int status = jmh.waitFor();
      if (json && status == 0) {
        String lines =
            Files.readString(results).lines().map(String::strip).collect(Collectors.joining());
        spec.commandLine().getOut().println("{\"jmh\":" + lines + "}");
      }
      return status;
    } finally {
      Files.delete(results);
    }
  }

  private static List<String> javaCommand() {
    String modules = System.getProperty("jdk.module.path", "");
    String classPath = System.getProperty("java.class.path");
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Xmx1g",
        "--enable-native-access=ALL-UNNAMED",
        "--add-modules=jdk.incubator.vector",
        "--sun-misc-unsafe-memory-access=allow",
        "-cp",
        modules.isEmpty() ? classPath : modules + "/*" + File.pathSeparator + classPath,
        "org.openjdk.jmh.Main");
  }
}

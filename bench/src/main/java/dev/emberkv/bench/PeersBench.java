package dev.emberkv.bench;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

/**
 * {@code emberkv bench peers}: this store beside others, in a process of its own.
 *
 * <p>The other stores' libraries are 100 MB and want liberties that nothing else here gets. So they
 * are in a module of their own, which the launcher builds when this command is used first, and it
 * runs on a class path of its own.
 */
@Command(
    name = "peers",
    description = {
      "Measure this store and others (RocksDB, LMDB, ...) at the same work, in turns, and write a"
          + " report. See `bench peers --options` for its options; --quick takes less than three"
          + " minutes."
    })
final class PeersBench implements Callable<Integer> {
  private static final String MAIN = "dev.emberkv.peers.PeersCommand";

  @Unmatched private List<String> arguments = new ArrayList<>();

  @Spec private CommandSpec spec = CommandSpec.create(); // the parser puts the real one here

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path dist = distribution();
    if (dist == null || !Files.isDirectory(dist.resolve("peers"))) {
      throw new ParameterException(
          spec.commandLine(), "the other stores are not there: run it as ./emberkv bench peers");
    }
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx1g",
            "--enable-native-access=ALL-UNNAMED",
            "--add-modules=jdk.incubator.vector",
            "--sun-misc-unsafe-memory-access=allow",
            "-Demberkv.terminal=" + Boolean.getBoolean("emberkv.terminal"),
            "-Demberkv.root=" + dist.resolve("../../..").normalize(),
            "-cp",
            dist.resolve("peers")
                + "/*"
                + File.pathSeparator
                + dist.resolve("modules")
                + "/*"
                + File.pathSeparator
                + dist.resolve("classpath")
                + "/*",
            MAIN));
    for (String argument : arguments) {
      command.add(argument.equals("--options") ? "--help" : argument);
    }
    // The other process ends when its input does: when this one is gone, however that came about.
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.INHERIT)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    return process.waitFor();
  }

  private static @Nullable Path distribution() {
    String modules = System.getProperty("jdk.module.path", "");
    return modules.isEmpty() ? null : Path.of(modules).toAbsolutePath().getParent();
  }
}

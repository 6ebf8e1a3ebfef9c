package dev.emberkv.index.races;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs {@link HashIndexRaces} under jcstress, in a JVM of its own: the harness finds its tests and
 * starts its workers by the class path, and this test runs on the module path.
 */
class HashIndexRacesTest {
  @TempDir private Path directory;

  @Test
  void noRaceHasAnOutcomeThatIsNotListed() throws IOException, InterruptedException {
    run("-m", "quick", "-sc", "false", "-time", "250", "-iters", "1", "-f", "1");
  }

  @Test
  @Tag("long")
  void noRaceHasAnOutcomeThatIsNotListedInAnyCompilationMode()
      throws IOException, InterruptedException {
    run("-m", "default");
  }

  private void run(String... mode) throws IOException, InterruptedException {
    // given the harness with the shortest or a longer run
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-cp");
    command.add(classPath());
    command.add("org.openjdk.jcstress.Main");
    command.addAll(List.of("-t", HashIndexRaces.class.getSimpleName(), "-r", "results"));
    command.addAll(
        List.of(
            "-jvmArgs", "--enable-native-access=ALL-UNNAMED --add-modules=jdk.incubator.vector"));
    command.addAll(List.of(mode));
    Path output = directory.resolve("output.txt");
    // when it has run
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    int exit = process.waitFor();
    // then every test passed and none was left out
    String text = Files.readString(output);
    assertThat(exit).as(text).isZero();
    assertThat(text)
        .contains("0 failed, 0 soft errs, 0 hard errs)")
        .contains("6 planned; 6 passed");
  }

  private static String classPath() {
    return Stream.of("java.class.path", "jdk.module.path", "basedir")
        .map(name -> System.getProperty(name, ""))
        .collect(Collectors.joining(File.pathSeparator));
  }
}

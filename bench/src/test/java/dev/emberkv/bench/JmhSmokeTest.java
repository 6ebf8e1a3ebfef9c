package dev.emberkv.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Every microbenchmark runs: one iteration, in one process, on a small table. */
final class JmhSmokeTest {
  @Test
  void givenEachBenchmarkWhenRunOnceThenItWorks() throws IOException, InterruptedException {
    // given
    List<String> java =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx512m",
            "--enable-native-access=ALL-UNNAMED",
            "--add-modules=jdk.incubator.vector",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            System.getProperty("java.class.path")
                + File.pathSeparator
                + System.getProperty("jdk.module.path", ""),
            "org.openjdk.jmh.Main");
    List<String> once =
        List.of("-f", "0", "-wi", "0", "-i", "1", "-r", "20ms", "-p", "rows=2000", "-foe", "true");

    // when
    String listed = outputOf(java, List.of("-l"));
    String output = outputOf(java, once);

    // then
    List<String> names =
        listed.lines().filter(line -> line.startsWith("dev.emberkv.")).map(String::strip).toList();
    assertThat(names).hasSizeGreaterThanOrEqualTo(6);
    for (String name : names) {
      assertThat(output).contains("# Benchmark: " + name);
      String method = name.substring(name.lastIndexOf('.', name.lastIndexOf('.') - 1) + 1);
      assertThat(output.lines()).anyMatch(line -> line.startsWith(method) && line.contains("avgt"));
    }
  }

  private static String outputOf(List<String> java, List<String> arguments)
      throws IOException, InterruptedException {
    List<String> command = new java.util.ArrayList<>(java);
    command.addAll(arguments);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }
}

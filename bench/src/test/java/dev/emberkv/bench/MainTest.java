package dev.emberkv.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

final class MainTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    CommandLine commandLine = Main.commandLine(arguments);
    commandLine.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    return commandLine.execute(arguments);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''                           | a command is missing",
        "bench                        | say what to measure",
        "serve --port x               | '--port': 'x' is not an int",
        "serve --port 70000           | --port must be in 0..65535, not 70000",
        "serve --memory 1mb           | --memory must be at least 3.0 MiB, not 1.0 MiB",
        "serve --durability sometimes | expected one of [ALWAYS, EVERYSEC, CHECKPOINT]",
        "bench lookup --rows 0        | --rows must be at least 1, not 0",
        "bench lookup --row-bytes 6   | --row-bytes must be a positive multiple of 4, not 6",
        "bench lookup --dist pareto   | 'pareto' is neither uniform nor zipf:EXPONENT",
        "bench lookup --seconds 0     | --seconds must be above 0",
        "bench device --depth 0       | --depth must be in 1..4096",
        "bench upload --depth 65      | depth must be in 1..64, not 65",
        "bench upload --layout dense  | 'dense' is none of as-submitted, unique, expanded",
        "replay                       | Missing required parameter: 'FILE'",
        "replay no-such-file          | cannot read no-such-file",
        "replay no-such-file --lr 0   | the learning rate must be above 0",
      })
  void givenBadArgumentsWhenRunThenEndsWith2AndSaysWhichOnOneLine(String line, String message) {
    int status = run(line.isEmpty() ? new String[0] : line.split(" ", -1));

    assertThat(status).isEqualTo(2);
    assertThat(err.toString().lines().findFirst().orElseThrow()).contains(message);
    assertThat(err.toString()).contains("See emberkv").doesNotContain("\tat ");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void givenFailureWhenRunThenEndsWith1AndOneLine(@TempDir Path folder) throws Exception {
    Path trace = Files.writeString(folder.resolve("trace"), "1 2\n1 x\n");

    int status = run("replay", trace.toString());

    assertThat(status).isEqualTo(1);
    assertThat(err.toString())
        .isEqualTo("emberkv: " + trace + " line 2: '1 x' is not `user item`\n");
  }

  @Test
  void givenVerboseWhenItFailsThenShowsTheStackTrace(@TempDir Path folder) throws Exception {
    Path trace = Files.writeString(folder.resolve("trace"), "\n");

    int status = run("replay", trace.toString(), "--verbose");

    assertThat(status).isEqualTo(1);
    assertThat(err.toString()).contains("holds no interactions", "\tat dev.emberkv.bench");
  }

  @Test
  void givenDoctorWhenRunThenEveryFindingHasAMarkAndBadOnesAnAdvice(@TempDir Path folder) {
    int status = run("doctor", "--data", folder.resolve("data").toString());

    assertThat(status).isZero();
    assertThat(out.toString())
        .contains("kernel", "io_uring", "O_DIRECT", "transparent huge pages", "CUDA")
        .matches("(?s)((ok  |warn)  .*\n(      +-> .+\n)?)+");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void givenQuickDeviceBenchWhenRunThenLastLineIsJsonWithTheContractsFields(@TempDir Path folder) {
    int status =
        run(
            "bench",
            "device",
            "--file-size",
            "8mb",
            "--seconds",
            "0.2",
            "--depth",
            "8",
            "--json",
            "--data",
            folder.toString());

    assertThat(status).isZero();
    assertThat(out.toString().lines().toList()).hasSize(1);
    assertThat(out.toString())
        .contains(
            "\"rows_per_s\":",
            "\"hit_ratio\":",
            "\"device_reads\":",
            "\"device_read_bytes\":",
            "\"device_write_bytes\":8388608,",
            "\"p50_us\":",
            "\"p99_us\":",
            "\"rss_bytes\":",
            "\"index_bytes\":0,",
            "\"rows\":2048,",
            "\"seconds\":",
            "\"depth\":8,");
    assertThat(folder.resolve("bench-device.dat")).hasSize(8 << 20);
  }
}

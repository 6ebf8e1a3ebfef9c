package dev.emberkv.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreOptions;
import dev.emberkv.server.EmberServer;
import dev.emberkv.server.ServerOptions;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Hot GETs beside a neighbor, end to end on a small store. */
final class NeighborBenchTest {
  @TempDir private Path folder = Path.of("");
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    CommandLine commandLine = Main.commandLine();
    commandLine.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    return commandLine.execute(arguments);
  }

  private static double number(String json, String field) {
    Matcher matcher = Pattern.compile("\"" + field + "\":([-+.0-9E]+)[,}]").matcher(json);
    assertThat(matcher.find()).as("%s in %s", field, json).isTrue();
    return Double.parseDouble(matcher.group(1));
  }

  @Test
  void givenAServerThenSaysWhatHotGetsFeelOfBothNeighbors() throws Exception {
    // given a table of which most rows are on the device, behind a server
    String data = folder.resolve("data").toString();
    assertThat(run("bench", "load", "--data", data, "--rows", "100000", "--memory", "20mb"))
        .as(err.toString())
        .isZero();
    StoreOptions options = StoreOptions.of(Path.of(data)).withMemoryBytes(20L << 20);
    try (Store store = Store.open(options);
        EmberServer server = EmberServer.start(store, ServerOptions.defaults().withPort(0))) {
      String port = Integer.toString(server.port());

      // when
      long readBefore = store.stats().deviceReads();
      int status =
          run(
              "bench",
              "neighbor",
              "--port",
              port,
              "--rows",
              "100000",
              "--clients",
              "3",
              "--rounds",
              "1",
              "--seconds",
              "0.3",
              "--json");

      // then
      assertThat(status).as(err.toString()).isZero();
      assertThat(store.stats().deviceReads()).isGreaterThan(readBefore + 1000);
    }
    String json = out.toString().lines().reduce("", (first, second) -> second);
    for (String phase : new String[] {"alone", "cold", "hot"}) {
      assertThat(number(json, phase + "_gets_per_s")).isPositive();
      assertThat(number(json, phase + "_p99_us"))
          .isGreaterThanOrEqualTo(number(json, phase + "_p50_us"));
    }
    assertThat(number(json, "cold_neighbor_reads_per_s")).isPositive();
    assertThat(number(json, "hot_p99_of_alone")).isPositive();
  }

  @Test
  void givenNoServerThenFailsWithStatusOne() {
    assertThat(run("bench", "neighbor", "--port", "1")).isEqualTo(1);
    assertThat(run("bench", "neighbor", "--clients", "0")).isEqualTo(2);
  }
}

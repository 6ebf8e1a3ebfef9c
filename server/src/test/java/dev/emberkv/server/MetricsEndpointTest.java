package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.Jedis;

class MetricsEndpointTest {
  @TempDir Path directory;

  private record Answer(int status, String type, String body) {}

  private static Answer get(MetricsEndpoint endpoint, String path) throws IOException {
    return call(endpoint, "GET", path);
  }

  private static Answer call(MetricsEndpoint endpoint, String method, String path)
      throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection)
            URI.create("http://127.0.0.1:" + endpoint.port() + path).toURL().openConnection();
    connection.setRequestMethod(method);
    int status = connection.getResponseCode();
    try (InputStream in =
        status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
      String body = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return new Answer(status, String.valueOf(connection.getContentType()), body);
    }
  }

  @Test
  void isReadyWhileCommandsAreTaken() throws IOException {
    try (MetricsEndpoint endpoint = MetricsEndpoint.start("127.0.0.1", 0)) {
      assertThat(get(endpoint, "/healthz").status()).isEqualTo(200);
      assertThat(get(endpoint, "/readyz").status()).isEqualTo(503);
      assertThat(get(endpoint, "/metrics").status()).isEqualTo(503);

      try (ServerFixture fixture = ServerFixture.inMemory(directory)) {
        endpoint.ready(fixture.server);
        assertThat(get(endpoint, "/readyz")).extracting(Answer::status).isEqualTo(200);
        assertThat(get(endpoint, "/nope").status()).isEqualTo(404);
        assertThat(call(endpoint, "POST", "/metrics").status()).isEqualTo(405);
      }

      assertThat(get(endpoint, "/readyz").status()).isEqualTo(503);
      assertThat(get(endpoint, "/healthz").status()).isEqualTo(200);
    }
  }

  @Test
  void metricsFollowWhatClientsDo() throws IOException {
    try (MetricsEndpoint endpoint = MetricsEndpoint.start("127.0.0.1", 0);
        ServerFixture fixture = ServerFixture.open(directory);
        Jedis jedis = fixture.jedis()) {
      endpoint.ready(fixture.server);
      for (int i = 0; i < 10; i++) {
        jedis.set("k" + i, "v");
      }
      for (int i = 0; i < 7; i++) {
        jedis.get("k" + i);
      }
      jedis.get("none");

      Answer answer = get(endpoint, "/metrics");
      assertThat(answer.type()).startsWith("text/plain; version=0.0.4");
      Map<String, Double> samples = parse(answer.body());
      assertThat(samples)
          .containsEntry("emberkv_commands_total{command=\"set\"}", 10.0)
          .containsEntry("emberkv_commands_total{command=\"get\"}", 8.0)
          .containsEntry("emberkv_clients", 1.0)
          .containsEntry("emberkv_rows{tier=\"dram\"}", 10.0)
          .containsEntry("emberkv_lookups_total{result=\"dram\"}", 7.0)
          .containsEntry("emberkv_memory_limit_bytes", (double) ServerFixture.MEMORY_BYTES);
      assertThat(samples.get("emberkv_lookups_total{result=\"missing\"}")).isPositive();
      assertThat(samples.get("emberkv_command_seconds_total{command=\"set\"}"))
          .isPositive()
          .isLessThan(60);
    }
  }

  /** Reads samples, and checks the format: each name once, with its help and type in front. */
  private static Map<String, Double> parse(String text) {
    Map<String, Double> samples = new LinkedHashMap<>();
    Set<String> seen = new HashSet<>();
    String family = "";
    assertThat(text).endsWith("\n");
    for (String line : text.lines().toList()) {
      if (line.startsWith("# HELP ")) {
        family = line.split(" ", -1)[2];
        assertThat(seen.add(family)).as("%s stands in one place", family).isTrue();
        assertThat(family).matches("emberkv_[a-z_]+");
      } else if (line.startsWith("# TYPE ")) {
        String type = line.split(" ", -1)[3];
        assertThat(line).startsWith("# TYPE " + family + " ");
        assertThat(type).isEqualTo(family.endsWith("_total") ? "counter" : "gauge");
      } else {
        assertThat(line).matches("[a-z_]+(\\{[a-z]+=\"[^\"]*\"(,[a-z]+=\"[^\"]*\")*})? [-+0-9.e]+");
        assertThat(line.split("[{ ]", -1)[0]).isEqualTo(family);
        int blank = line.lastIndexOf(' ');
        samples.put(line.substring(0, blank), Double.parseDouble(line.substring(blank + 1)));
      }
    }
    return samples;
  }
}

package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.ConnectException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.Jedis;

class ServerCommandsTest {
  @TempDir Path directory;
  private ServerFixture fixture;
  private Jedis jedis;

  @BeforeEach
  void connect() throws Exception {
    fixture = ServerFixture.inMemory(directory);
    jedis = fixture.jedis();
  }

  @AfterEach
  void stop() {
    jedis.close();
    fixture.close();
  }

  @Test
  void infoHasRedisSectionsAndItsOwn() {
    jedis.set("k", "v");
    jedis.get("k");
    jedis.get("none");

    String all = jedis.info();
    assertThat(all)
        .contains("# Server\r\n", "# Clients\r\n", "# Memory\r\n", "# Persistence\r\n")
        .contains("# Stats\r\n", "# Keyspace\r\ndb0:keys=1,", "# Emberkv\r\n")
        .contains("\r\ntcp_port:" + fixture.server.port() + "\r\n", "\r\nconnected_clients:1\r\n")
        .contains("\r\nkeyspace_hits:1\r\n", "\r\nkeyspace_misses:1\r\n", "\r\nrows:1\r\n")
        .contains("\r\nio_backend:memory\r\n", "\r\nhit_ratio:1.000000\r\n");
    assertThat(jedis.info("keyspace")).startsWith("# Keyspace").doesNotContain("# Server");
    assertThat(jedis.info("nope")).isEmpty();
  }

  @Test
  void checkpointsAreTakenAndDated() throws Exception {
    long before = jedis.lastsave();
    assertThat(jedis.save()).isEqualTo("OK");
    assertThat(jedis.lastsave()).isEqualTo(before + 1);
    assertThat(jedis.bgsave()).isEqualTo("Background saving started");
    while (jedis.lastsave() == before + 1) {
      Thread.sleep(1);
    }
    assertThat(jedis.lastsave()).isEqualTo(before + 2);
    assertThat(jedis.info("persistence"))
        .contains("\r\nrdb_last_save_time:" + (before + 2), "\r\nrdb_last_bgsave_status:ok");
  }

  @Test
  void configAnswersPatterns() {
    assertThat(jedis.configGet("maxmemory")).isEqualTo(Map.of("maxmemory", "1073741824"));
    assertThat(jedis.configGet("SAVE")).isEqualTo(Map.of("save", ""));
    assertThat(jedis.configGet("append*"))
        .isEqualTo(Map.of("appendonly", "yes", "appendfsync", "everysec"));
    assertThat(jedis.configGet("port", "databases", "bind"))
        .isEqualTo(
            Map.of(
                "port", String.valueOf(fixture.server.port()),
                "databases", "16",
                "bind", "127.0.0.1"));
    assertThat(jedis.configGet("nope")).isEmpty();
    assertThat(jedis.configGet("*")).containsKey("maxclients").doesNotContainKey("requirepass");
  }

  @Test
  void latencyShowsWhatTookLongAndHowLongCommandsTake() throws Exception {
    try (RawClient client = fixture.raw()) {
      client.send("SET k v\r\nGET k\r\nGET k\r\nCONFIG GET save\r\n");
      client.line();
      for (int i = 0; i < 3; i++) {
        RespReader.read(client);
      }
      client.send("LATENCY HISTOGRAM get nope config\r\n");
      List<?> times = (List<?>) RespReader.read(client);
      assertThat(times).hasSize(4);
      assertThat(times.get(0)).isEqualTo("get");
      List<?> gets = (List<?>) times.get(1);
      assertThat(gets.subList(0, 3).toString()).isEqualTo("[calls, 2, histogram_usec]");
      assertThat((List<?>) gets.get(3)).hasSizeGreaterThanOrEqualTo(2).last().hasToString("2");
      assertThat(times.get(2)).isEqualTo("config|get");

      client.send("CONFIG SET latency-monitor-threshold 20\r\nDEBUG SLEEP 0.03\r\n");
      client.line();
      client.line();
      client.send("LATENCY GRAPH command\r\n");
      assertThat(String.valueOf(RespReader.read(client)))
          .startsWith("command - high ")
          .contains("\n" + "-".repeat(80) + "\n");
      client.send("LATENCY HELP\r\n");
      assertThat((List<?>) RespReader.read(client))
          .first()
          .isEqualTo("LATENCY <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    }
  }

  @Test
  void commandDescribesTheTable() throws Exception {
    try (RawClient client = fixture.raw()) {
      client.send("COMMAND COUNT\r\n");
      int count = Integer.parseInt(client.line().substring(1));
      client.send("COMMAND LIST\r\n");
      List<?> names = (List<?>) RespReader.read(client);
      assertThat(names).hasSize(count).asString().contains("get", "emb.lookup", "command");

      client.send("COMMAND INFO get nope config|get\r\n");
      List<?> details = (List<?>) RespReader.read(client);
      assertThat(((List<?>) details.get(0)).subList(0, 6).toString())
          .isEqualTo("[get, 2, [readonly, fast], 1, 1, 1]");
      assertThat(details.get(1)).isEqualTo(RespReader.NIL);
      assertThat(((List<?>) details.get(2)).getFirst()).isEqualTo("config|get");

      client.send("COMMAND\r\n");
      assertThat((List<?>) RespReader.read(client)).hasSize(count);
      client.send("COMMAND DOCS get\r\n");
      assertThat(RespReader.read(client).toString())
          .isEqualTo(
              "[get, [summary, Returns the string value of a key., since, 0.1.0, group, string]]");
      client.send("COMMAND DOCS\r\n");
      assertThat((List<?>) RespReader.read(client)).hasSize(2 * count);
      client.send("HELLO 3\r\n");
      RespReader.read(client);
      client.send("COMMAND DOCS\r\n");
      assertThat((List<?>) RespReader.read(client)).hasSize(2 * count);
    }
  }

  @Test
  void commandFindsTheKeysOfACommand() throws Exception {
    try (RawClient client = fixture.raw()) {
      client.send("COMMAND GETKEYS MSET a 1 b 2\r\n");
      assertThat(RespReader.read(client)).isEqualTo(List.of("a", "b"));
      client.send("COMMAND GETKEYS GET a\r\n");
      assertThat(RespReader.read(client)).isEqualTo(List.of("a"));
      client.send("COMMAND GETKEYS PING x\r\n");
      assertThat(client.line()).isEqualTo("-ERR The command has no key arguments");
      client.send("COMMAND GETKEYS NOPE x\r\n");
      assertThat(client.line()).isEqualTo("-ERR Invalid command specified");
      client.send("COMMAND GETKEYS GET a b\r\n");
      assertThat(client.line()).isEqualTo("-ERR Invalid number of arguments specified for command");
    }
  }

  @Test
  void shutdownMakesWritesDurableAndStopsTheServer() throws Exception {
    try (RawClient client = fixture.raw()) {
      client.send("SHUTDOWN NOPE\r\n");
      assertThat(client.line()).isEqualTo("-ERR syntax error");
      client.send("SET a 1\r\nSHUTDOWN\r\n");
      assertThat(client.rest()).isEqualTo("+OK\r\n");
    }

    Assertions.assertTimeout(Duration.ofSeconds(20), fixture.server::awaitShutdown);
    assertThat(fixture.memory().flushes.get()).isEqualTo(1);
    assertThatThrownBy(() -> fixture.raw().close()).isInstanceOf(ConnectException.class);
  }

  @Test
  void shutdownWithoutSavingSkipsTheFlush() throws Exception {
    try (RawClient client = fixture.raw()) {
      client.send("SHUTDOWN NOSAVE\r\n");
      assertThat(client.rest()).isEmpty();
    }

    Assertions.assertTimeout(Duration.ofSeconds(20), fixture.server::awaitShutdown);
    assertThat(fixture.memory().flushes.get()).isZero();
  }

  @Test
  void severalServersRunInOneProcess() throws Exception {
    List<ServerFixture> others = new ArrayList<>();
    try {
      for (int i = 0; i < 3; i++) {
        ServerFixture other = ServerFixture.inMemory(directory);
        others.add(other);
        try (Jedis client = other.jedis()) {
          assertThat(client.dbSize()).isZero();
          client.set("k", "v" + i);
        }
      }
      assertThat(jedis.dbSize()).isZero();
    } finally {
      others.forEach(ServerFixture::close);
    }
  }
}

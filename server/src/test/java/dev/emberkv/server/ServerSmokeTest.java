package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.Jedis;

class ServerSmokeTest {
  @TempDir Path directory;

  @Test
  void jedisSetsAndGets() throws Exception {
    try (ServerFixture fixture = new ServerFixture(directory);
        Jedis jedis = fixture.jedis()) {
      assertThat(jedis.ping()).isEqualTo("PONG");
      assertThat(jedis.set("k", "v")).isEqualTo("OK");
      assertThat(jedis.get("k")).isEqualTo("v");
      assertThat(jedis.get("none")).isNull();
    }
  }
}

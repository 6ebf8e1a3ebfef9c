package dev.emberkv.server;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.Jedis;

/** A server of a store, and a stock client of it, for each test. */
abstract class JedisTest {
  @TempDir Path directory;
  ServerFixture fixture;
  Jedis jedis;

  @BeforeEach
  void connect() throws Exception {
    fixture = ServerFixture.open(directory);
    jedis = fixture.jedis();
  }

  @AfterEach
  void stop() {
    jedis.close();
    fixture.close();
  }
}

package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.engine.StringKeyspace;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.AbstractTransaction;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Pipeline;
import redis.clients.jedis.Response;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.SetParams;

/** Strings and keys through a stock client. */
class StringCommandsTest extends JedisTest {
  @Test
  void valuesAreSetReadAndDeleted() {
    assertThat(jedis.set("k", "v")).isEqualTo("OK");
    assertThat(jedis.get("k")).isEqualTo("v");
    assertThat(jedis.strlen("k")).isEqualTo(1);
    assertThat(jedis.strlen("none")).isZero();
    assertThat(jedis.type("k")).isEqualTo("string");
    assertThat(jedis.type("none")).isEqualTo("none");
    assertThat(jedis.set("k", "other")).isEqualTo("OK");
    assertThat(jedis.get("k")).isEqualTo("other");
    assertThat(jedis.del("k", "none")).isEqualTo(1);
    assertThat(jedis.get("k")).isNull();
    assertThat(jedis.unlink("k")).isZero();
  }

  @Test
  void emptyKeysAndValuesAreLegal() {
    jedis.set("", "");

    assertThat(jedis.get("")).isEmpty();
    assertThat(jedis.exists("")).isTrue();
    assertThat(jedis.dbSize()).isEqualTo(1);
  }

  @Test
  void severalKeysAreSetAndReadAtOnce() {
    assertThat(jedis.mset("a", "1", "b", "2", "a", "3")).isEqualTo("OK");

    assertThat(jedis.mget("b", "none", "a", "b")).containsExactly("2", null, "3", "2");
    assertThat(jedis.exists("a", "a", "b", "none")).isEqualTo(3);
    assertThat(jedis.dbSize()).isEqualTo(2);
    assertThatThrownBy(() -> jedis.sendCommand(() -> bytes("MSET"), "a", "1", "b"))
        .hasMessage("ERR wrong number of arguments for 'mset' command");
  }

  @Test
  void largeReadsAreCutIntoBatches() {
    String[] keysAndValues = new String[20_000];
    String[] keys = new String[10_000];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = "key" + i;
      keysAndValues[2 * i] = keys[i];
      keysAndValues[2 * i + 1] = "value" + i;
    }
    jedis.mset(keysAndValues);

    assertThat(jedis.mget(keys)).hasSize(10_000).startsWith("value0").endsWith("value9999");
    assertThat(jedis.del(keys)).isEqualTo(10_000);
    assertThat(jedis.dbSize()).isZero();
  }

  @Test
  void valuesUpToTheCapGoThroughAndLongerOnesAreNamed() {
    byte[] key = "big".getBytes(StandardCharsets.US_ASCII);
    byte[] value = new byte[StringKeyspace.MAX_VALUE_BYTES];
    new Random(3).nextBytes(value);

    jedis.set(key, value);

    assertThat(jedis.get(key)).isEqualTo(value);
    assertThat(jedis.strlen(key)).isEqualTo(value.length);
    assertThatThrownBy(() -> jedis.set(key, new byte[value.length + 1]))
        .isInstanceOf(JedisDataException.class)
        .hasMessage("ERR value has 8388609 bytes, the limit is 8388608");
    assertThatThrownBy(() -> jedis.set(new byte[StringKeyspace.MAX_KEY_BYTES + 1], key))
        .hasMessage("ERR key has 65537 bytes, the limit is 65536");
    assertThat(jedis.get(key)).isEqualTo(value);
  }

  @Test
  void aReplyOverItsBoundIsAnErrorAndTheConnectionLivesOn() throws Exception {
    ServerOptions small = ServerFixture.options().withSizeLimits(1 << 20, 8 << 20, 1 << 20);
    try (ServerFixture other = ServerFixture.open(directory.resolve("small"), small);
        Jedis client = other.jedis()) {
      byte[] key = {1};
      client.set(key, new byte[600_000]);

      assertThatThrownBy(() -> client.mget(key, key))
          .hasMessage("ERR the reply is longer than 1048576 bytes");
      assertThat(client.get(key)).hasSize(600_000);
      try (Pipeline pipeline = client.pipelined()) {
        Response<byte[]> first = pipeline.get(key);
        Response<byte[]> second = pipeline.get(key);
        pipeline.sync();
        assertThat(first.get()).hasSize(600_000);
        assertThat(second.get()).hasSize(600_000);
      }
    }
  }

  @Test
  void whatWasWrittenIsThereAfterARestart() throws Exception {
    Path kept = directory.resolve("kept");
    try (ServerFixture before = ServerFixture.open(kept);
        Jedis client = before.jedis()) {
      client.set("k", "v");
      client.sendCommand(() -> bytes("EMB.CREATE"), "t", "DIM", "1");
      client.sendCommand(() -> bytes("EMB.SET"), bytes("t"), bytes("7"), new byte[] {1, 2, 3, 4});
      client.sendCommand(() -> bytes("SHUTDOWN"), new String[0]);
    } catch (JedisConnectionException e) {
      assertThat(e).as("SHUTDOWN has no reply").hasMessageContaining("end of stream");
    }

    try (ServerFixture after = ServerFixture.open(kept);
        Jedis client = after.jedis()) {
      assertThat(client.get("k")).isEqualTo("v");
      List<?> rows = (List<?>) client.sendCommand(() -> bytes("EMB.GET"), "t", "7");
      assertThat(rows.getFirst()).isEqualTo(new byte[] {1, 2, 3, 4});
    }
  }

  @Test
  void concurrentIncrementsAndTransactionsLoseNothing() throws Exception {
    int threads = 4;
    int rounds = 500;
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      List<Future<?>> done = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        done.add(
            pool.submit(() -> {
              try (Jedis client = fixture.jedis()) {
                for (int i = 0; i < rounds; i++) {
                  client.incr("n");
                  client.hincrBy("h", "f", 1);
                  // Both or none, and never seen apart.
                  client.mset("a", "" + i, "b", "" + i);
                  try (AbstractTransaction both = client.multi()) {
                    Response<String> a = both.get("a");
                    Response<String> b = both.get("b");
                    both.incr("n");
                    both.exec();
                    assertThat(a.get()).isEqualTo(b.get());
                  }
                }
              }
            }));
      }
      for (Future<?> each : done) {
        each.get();
      }
    }

    assertThat(jedis.get("n")).isEqualTo("" + 2 * threads * rounds);
    assertThat(jedis.hget("h", "f")).isEqualTo("" + threads * rounds);
  }

  @Test
  void aTransactionIsGivenUpWhenAWatchedKeyHasChanged() {
    jedis.set("k", "1");
    jedis.watch("k");
    try (Jedis other = fixture.jedis()) {
      other.set("k", "1");
    }
    try (AbstractTransaction transaction = jedis.multi()) {
      transaction.set("k", "2");
      assertThat(transaction.exec()).isNull();
    }
    assertThat(jedis.get("k")).isEqualTo("1");
  }

  @Test
  void timesToLiveAndHashesSurviveARestart() throws Exception {
    Path kept = directory.resolve("kept2");
    try (ServerFixture before = ServerFixture.open(kept);
        Jedis client = before.jedis()) {
      client.set("k", "v", SetParams.setParams().ex(1000));
      client.set("short", "v", SetParams.setParams().px(1));
      client.hset("h", Map.of("a", "1", "b", "2"));
      client.expire("h", 1000);
      client.select(3);
      client.set("third", "x");
    }
    try (ServerFixture after = ServerFixture.open(kept);
        Jedis client = after.jedis()) {
      assertThat(client.ttl("k")).isBetween(990L, 1000L);
      assertThat(client.ttl("h")).isBetween(990L, 1000L);
      assertThat(client.hgetAll("h")).isEqualTo(Map.of("a", "1", "b", "2"));
      assertThat(client.exists("short")).isFalse();
      client.select(3);
      assertThat(client.get("third")).isEqualTo("x");
    }
  }

  @Test
  void flushingRemovesTheKeys() {
    jedis.mset("a", "1", "b", "2");
    assertThat(jedis.flushDB()).isEqualTo("OK");
    assertThat(jedis.dbSize()).isZero();

    jedis.set("a", "1");
    assertThat(jedis.flushAll()).isEqualTo("OK");
    assertThat(jedis.dbSize()).isZero();
    assertThatThrownBy(() -> jedis.sendCommand(() -> bytes("FLUSHALL"), "NOPE"))
        .hasMessage("ERR syntax error");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 100, 4096, 70_000, 1_000_000})
  void valuesOfAllSizesComeBackThroughAPipeline(int bytes) {
    Random random = new Random(bytes);
    int count = Math.clamp(20_000_000L / bytes, 10, 500);
    byte[][] values = new byte[count][bytes];
    try (Pipeline pipeline = jedis.pipelined()) {
      for (int i = 0; i < count; i++) {
        random.nextBytes(values[i]);
        pipeline.set(bytes("key" + i), values[i]);
      }
      pipeline.sync();
      @SuppressWarnings({"unchecked", "rawtypes"}) // No generic arrays in Java.
      Response<byte[]>[] replies = new Response[count];
      for (int i = 0; i < count; i++) {
        replies[i] = pipeline.get(bytes("key" + i));
      }
      pipeline.sync();
      for (int i = 0; i < count; i++) {
        assertThat(replies[i].get()).isEqualTo(values[i]);
      }
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}

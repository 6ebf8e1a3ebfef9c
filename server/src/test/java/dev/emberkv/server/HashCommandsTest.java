package dev.emberkv.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.AbstractTransaction;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.params.ScanParams;
import redis.clients.jedis.resps.ScanResult;

/** Hashes whose fields are rows, through a stock client; small ones are in RedisComparisonTest. */
class HashCommandsTest extends JedisTest {
  private static final int FIELDS = 2_000;

  private static String field(int n) {
    return "field:" + n;
  }

  private static String value(int n) {
    return ("value of " + n + " ").repeat(16);
  }

  private static Map<String, String> fields(int from, int to) {
    Map<String, String> fields = new HashMap<>();
    IntStream.range(from, to).forEach(n -> fields.put(field(n), value(n)));
    return fields;
  }

  private static String[] names(int from, int to) {
    return IntStream.range(from, to).mapToObj(HashCommandsTest::field).toArray(String[]::new);
  }

  private void fill(String key) {
    for (int n = 0; n < FIELDS; n += 500) {
      assertThat(jedis.hset(key, fields(n, n + 500))).isEqualTo(500);
    }
    assertThat(jedis.objectEncoding(key)).isEqualTo("hashtable");
  }

  @Test
  void fieldsAreSetReadAndDeleted() {
    fill("h");

    assertThat(jedis.hlen("h")).isEqualTo(FIELDS);
    assertThat(jedis.hget("h", field(1_234))).isEqualTo(value(1_234));
    assertThat(jedis.hget("h", "none")).isNull();
    assertThat(jedis.hexists("h", field(1))).isTrue();
    assertThat(jedis.hexists("h", "none")).isFalse();
    assertThat(jedis.hstrlen("h", field(1))).isEqualTo(value(1).length());
    assertThat(jedis.hstrlen("h", "none")).isZero();
    List<String> found = jedis.hmget("h", names(FIELDS - 1_000, FIELDS + 24));
    assertThat(found.subList(0, 1_000))
        .isEqualTo(
            IntStream.range(FIELDS - 1_000, FIELDS).mapToObj(HashCommandsTest::value).toList());
    assertThat(found.subList(1_000, 1_024)).containsOnlyNulls();
    assertThat(jedis.hset("h", field(1), "x")).isZero();
    assertThat(jedis.sendCommand(Command.HMSET, "h", field(2), "y", "new", "z"))
        .isEqualTo("OK".getBytes(US_ASCII));
    assertThat(jedis.hmget("h", field(1), field(2), "new")).containsExactly("x", "y", "z");
    assertThat(jedis.hsetnx("h", "new", "no")).isZero();
    assertThat(jedis.hsetnx("h", "newer", "n")).isEqualTo(1);
    assertThat(jedis.hdel("h", "new", "newer", "none")).isEqualTo(2);
    assertThat(jedis.hlen("h")).isEqualTo(FIELDS);
    assertThat(jedis.type("h")).isEqualTo("hash");
    assertThat(jedis.memoryUsage("h")).isGreaterThan(FIELDS * 100L);
    assertThat(jedis.hdel("h", names(0, FIELDS))).isEqualTo(FIELDS);
    assertThat(jedis.exists("h")).isFalse();
  }

  @Test
  void numbersInFieldsAreCounted() {
    fill("h");

    assertThat(jedis.hincrBy("h", "n", 5)).isEqualTo(5);
    assertThat(jedis.hincrBy("h", "n", -7)).isEqualTo(-2);
    assertThat(jedis.hincrByFloat("h", "f", 1.5)).isEqualTo(1.5);
    assertThatThrownBy(() -> jedis.hincrBy("h", field(1), 1))
        .hasMessage("ERR hash value is not an integer");
    assertThatThrownBy(() -> jedis.hincrByFloat("h", field(1), 1))
        .hasMessage("ERR hash value is not a float");
    assertThat(jedis.hget("h", field(1))).isEqualTo(value(1));
  }

  @Test
  void allFieldsComeInOneReplyOrInSteps() {
    fill("h");
    Map<String, String> all = fields(0, FIELDS);

    assertThat(jedis.hgetAll("h")).isEqualTo(all);
    assertThat(jedis.hkeys("h")).isEqualTo(all.keySet());
    assertThat(jedis.hvals("h")).containsExactlyInAnyOrderElementsOf(all.values());
    assertThat(scan(new ScanParams().count(100))).isEqualTo(all);
    assertThat(scan(new ScanParams().match("field:1??"))).isEqualTo(fields(100, 200));
    assertThat(jedis.hscan("h", "0", new ScanParams().count(10)).getResult()).hasSizeLessThan(200);
    assertThat(jedis.hrandfield("h")).isIn(all.keySet());
    assertThat(new HashSet<>(jedis.hrandfield("h", 50))).hasSize(50);
    assertThat(jedis.hrandfield("h", -50)).hasSize(50);
    assertThat(new HashSet<>(jedis.hrandfield("h", 10 * FIELDS))).isEqualTo(all.keySet());
    assertThat(jedis.hrandfieldWithValues("h", 5))
        .allSatisfy(entry -> assertThat(all).contains(entry));
  }

  private Map<String, String> scan(ScanParams parameters) {
    Map<String, String> seen = new HashMap<>();
    String cursor = "0";
    do {
      ScanResult<Map.Entry<String, String>> step = jedis.hscan("h", cursor, parameters);
      step.getResult().forEach(entry -> seen.put(entry.getKey(), entry.getValue()));
      cursor = step.getCursor();
    } while (!cursor.equals("0"));
    return seen;
  }

  @Test
  void theKeyIsAKeyLikeOthers() {
    fill("h");
    jedis.set("s", "x");

    assertThat(jedis.dbSize()).isEqualTo(2);
    assertThat(jedis.keys("*")).isEqualTo(Set.of("h", "s"));
    assertThat(new HashSet<>(jedis.scan("0", new ScanParams().count(1_000)).getResult()))
        .isEqualTo(Set.of("h", "s"));
    assertThat(jedis.randomKey()).isIn("h", "s");
    assertThat(jedis.expire("h", 1_000)).isEqualTo(1);
    assertThat(jedis.rename("h", "i")).isEqualTo("OK");
    assertThat(jedis.ttl("i")).isBetween(990L, 1_000L);
    assertThat(jedis.copy("i", "j", false)).isTrue();
    assertThat(jedis.persist("j")).isEqualTo(1);
    jedis.hset("j", field(0), "other");
    assertThat(jedis.hget("i", field(0))).isEqualTo(value(0));
    assertThat(jedis.hlen("j")).isEqualTo(FIELDS);
    assertThat(jedis.move("j", 3)).isEqualTo(1);
    assertThat(jedis.hlen("j")).isZero();
    assertThatThrownBy(() -> jedis.get("i")).hasMessageStartingWith("WRONGTYPE");
    assertThatThrownBy(() -> jedis.hget("s", "f")).hasMessageStartingWith("WRONGTYPE");
    assertThatThrownBy(() -> jedis.hset("s", fields(0, 1_000))).hasMessageStartingWith("WRONGTYPE");
    assertThat(jedis.del("i")).isEqualTo(1);
    jedis.select(3);
    assertThat(jedis.hget("j", field(0))).isEqualTo("other");
    assertThat(jedis.flushDB()).isEqualTo("OK");
    assertThat(jedis.hlen("j")).isZero();
    assertThat(jedis.dbSize()).isZero();
  }

  @Test
  void aTransactionThatWatchesAHashSeesItsFieldsChange() {
    fill("h");
    jedis.watch("h");
    try (Jedis other = fixture.jedis()) {
      other.hset("h", field(7), "changed");
    }
    try (AbstractTransaction transaction = jedis.multi()) {
      transaction.hset("h", field(8), "x");
      assertThat(transaction.exec()).isNull();
    }
    assertThat(jedis.hget("h", field(8))).isEqualTo(value(8));
    try (AbstractTransaction transaction = jedis.multi()) {
      transaction.hset("h", fields(0, 10));
      transaction.hget("h", field(7));
      assertThat(transaction.exec()).isEqualTo(Arrays.asList(0L, value(7)));
    }
  }

  @Test
  void fieldsSurviveARestart() throws Exception {
    Path kept = directory.resolve("kept");
    try (ServerFixture before = ServerFixture.open(kept);
        Jedis client = before.jedis()) {
      client.hset("h", fields(0, FIELDS));
      client.hset("gone", fields(0, FIELDS));
      client.del("gone");
      client.expire("h", 1_000);
    }
    try (ServerFixture after = ServerFixture.open(kept);
        Jedis client = after.jedis()) {
      assertThat(client.hgetAll("h")).isEqualTo(fields(0, FIELDS));
      assertThat(client.ttl("h")).isBetween(990L, 1_000L);
      assertThat(client.exists("gone")).isFalse();
      assertThat(client.dbSize()).isEqualTo(1);
    }
  }
}

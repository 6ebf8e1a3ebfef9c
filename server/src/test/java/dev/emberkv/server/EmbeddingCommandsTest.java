package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Pipeline;

/** Tables of embeddings through a stock client. */
class EmbeddingCommandsTest extends JedisTest {
  private static final String LARGEST_ID = "18446744073709551615";

  @Test
  void tablesAreMadeListedDescribedAndDropped() {
    assertThat(text(call("EMB.CREATE", "user", "DIM", "3"))).isEqualTo("OK");
    call(
        "emb.create",
        "item",
        "dim",
        "8",
        "dtype",
        "bf16",
        "init",
        "uniform",
        "-0.5",
        "0.5",
        "seed",
        "7",
        "optimizer",
        "none");

    assertThat(texts(call("EMB.TABLES"))).containsExactly("item", "user");
    assertThat(texts(call("EMB.INFO", "item")))
        .containsExactly(
            "name",
            "item",
            "dim",
            "8",
            "dtype",
            "bf16",
            "row_bytes",
            "16",
            "stored_row_bytes",
            "16",
            "rows",
            "0",
            "admission",
            "all",
            "not_admitted",
            "0",
            "counter_bytes",
            "0",
            "expiry",
            "never",
            "optimizer",
            "none",
            "init",
            "uniform -0.5 0.5",
            "seed",
            "7");
    assertThatThrownBy(() -> call("EMB.CREATE", "user", "DIM", "4"))
        .hasMessage("ERR EMB.CREATE: there is a table 'user' already");

    assertThat(text(call("EMB.DROP", "user"))).isEqualTo("OK");
    assertThat(texts(call("EMB.TABLES"))).containsExactly("item");
    assertThatThrownBy(() -> call("EMB.DROP", "user")).hasMessage("ERR there is no table 'user'");
    assertThatThrownBy(() -> call("EMB.INFO", "user")).hasMessage("ERR there is no table 'user'");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "DIM 0|DIM must be an integer in 1..65536, not '0'",
        "DIM 65537|DIM must be an integer in 1..65536, not '65537'",
        "DIM x|DIM must be an integer in 1..65536, not 'x'",
        "DTYPE f32|DIM is missing",
        "DIM 4 DTYPE f64|DTYPE must be f32, f16, bf16 or i8, not 'f64'",
        "DIM 4 DTYPE|DTYPE needs a value",
        "DIM 4 INIT ones|INIT must be zeros, constant, uniform or normal, not 'ones'",
        "DIM 4 INIT constant|INIT constant needs a value",
        "DIM 4 INIT constant x|INIT constant needs finite numbers, not 'x'",
        "DIM 4 INIT constant NaN|INIT constant needs finite numbers, not 'NaN'",
        "DIM 4 INIT uniform 1 0|INIT uniform needs finite low < high, not 1.0 and 0.0",
        "DIM 4 INIT normal 0 0|INIT normal needs a finite mean and a deviation > 0, not 0.0 and 0.0",
        "DIM 4 SEED x|SEED must be a 64-bit integer, not 'x'",
        "DIM 4 OPTIMIZER lion|OPTIMIZER must be none, sgd, adagrad, rowwise_adagrad, adam, adamw or ftrl, not 'lion'",
        "DIM 4 LR 0.1|OPTIMIZER none has no option LR",
        "DIM 4 REJECTNAN|OPTIMIZER none has no option REJECTNAN",
        "DIM 4 OPTIMIZER adagrad BETA1 0.5|OPTIMIZER adagrad has no option BETA1",
        "DIM 4 OPTIMIZER adagrad LR x|LR needs a number, not 'x'",
        "DIM 4 OPTIMIZER sgd LR -1|OPTIMIZER sgd: the learning rate must be above 0 and finite, not -1.0",
        "DIM 4 OPTIMIZER adam EPS|EPS needs a value",
        "DIM 4 ADMIT 3|admission decides about pushes: it needs an OPTIMIZER",
        "DIM 4 TTL 0|TTL must be an integer from 1 on, not '0'",
        "DIM 4 TTL 5000000000|TTL: rows live 0 to 4294967295 seconds, not 5000000000",
        "DIM 4 MAXROWS x|MAXROWS must be an integer from 1 on, not 'x'",
        "DIM 4 DATATIME|DATATIME needs TTL or SCORES",
        "DIM 4 SCORES|SCORES come with pushes: they need an OPTIMIZER",
        "DIM 4 OPTIMIZER sgd UNSEEN 3|UNSEEN needs SCORES",
        "DIM 4 OPTIMIZER sgd MINROWS 3|MINROWS needs SCORES",
        "DIM 4 OPTIMIZER sgd SCORES SCOREDECAY 2|SCORES: the decay is above 0 and 1 at most, not 2.0",
        "DIM 4 OPTIMIZER sgd SCORES MINROWS 3 MAXROWS 2|MINROWS must be at most MAXROWS",
        "DIM 4 OPTIMIZER sgd ADMIT 0|ADMIT: ids are admitted after 1 to 255 times, not 0",
        "DIM 4 OPTIMIZER sgd ADMIT x|ADMIT needs a number of times, not 'x'",
        "DIM 4 OPTIMIZER sgd ADMITBY pushes|ADMITBY needs ADMIT",
        "DIM 4 OPTIMIZER sgd ADMIT 2 ADMITBY reads|ADMITBY must be pushes or lookups, not 'reads'",
        "DIM 4 OPTIMIZER sgd CHANCE 0|CHANCE: a probability is above 0 and at most 1, not 0.0",
        "DIM 4 OPTIMIZER sgd CHANCE 0.5 ADMIT 2|CHANCE stands for itself, without ADMIT or ADMITBY",
        "DIM 4 COLOR red|unknown option 'COLOR'"
      })
  void anOptionThatCannotBeHonouredIsNamed(String options, String message) {
    String[] words = ("t " + options).split(" ");

    assertThatThrownBy(() -> call("EMB.CREATE", words)).hasMessage("ERR EMB.CREATE: " + message);
    assertThat(texts(call("EMB.TABLES"))).isEmpty();
  }

  @Test
  void rowsLearnFromPushes() {
    call(
        "EMB.CREATE",
        "t",
        "dim",
        "2",
        "lr",
        "0.5",
        "optimizer",
        "sgd",
        "momentum",
        "0.5",
        "rejectnan");
    assertThat(texts(call("EMB.INFO", "t")))
        .containsSubsequence("row_bytes", "8", "stored_row_bytes", "16")
        .containsSubsequence("optimizer", "sgd momentum 0.5 lr 0.5 rejectnan");
    byte[] ids = ids(3, 4, 3);
    byte[] gradients = floats(1, 2, 3, 4, 5, 6);

    assertThat(text(callBytes("EMB.PUSH", bytes("t"), ids, gradients, bytes("TOKEN"), bytes("a"))))
        .isEqualTo("OK");
    assertThat(texts(call("EMB.SHOW", "t", "3", "4"))).containsExactly("3: -3 -4", "4: -1.5 -2");
    assertThat(text(callBytes("EMB.PUSH", bytes("t"), ids, gradients, bytes("TOKEN"), bytes("a"))))
        .isEqualTo("OK");
    assertThat(texts(call("EMB.SHOW", "t", "3"))).containsExactly("3: -3 -4");
    callBytes("EMB.PUSH", bytes("t"), ids(4), floats(1, 0), bytes("LR"), bytes("2"));
    assertThat(texts(call("EMB.SHOW", "t", "4"))).containsExactly("4: -6.5 -6");

    assertThatThrownBy(() -> callBytes("EMB.PUSH", bytes("t"), ids, floats(1)))
        .hasMessage(
            "ERR EMB.PUSH: gradients has 4 bytes, 3 keys of table t with 2 f32 values each have 24");
    assertThatThrownBy(() -> callBytes("EMB.PUSH", bytes("t"), ids(9), floats(1, Float.NaN)))
        .hasMessage("ERR EMB.PUSH: the gradient of key 9, row 0 of the push, is NaN in column 1");
    assertThatThrownBy(
            () -> callBytes("EMB.PUSH", bytes("t"), ids(9), floats(1, 1), bytes("LR"), bytes("x")))
        .hasMessage("ERR EMB.PUSH: LR needs a number, not 'x'");
    assertThatThrownBy(
            () -> callBytes("EMB.PUSH", bytes("t"), ids(9), floats(1, 1), bytes("BY"), bytes("1")))
        .hasMessage("ERR EMB.PUSH: unknown option 'BY'");
    assertThatThrownBy(() -> callBytes("EMB.PUSH", bytes("t"), ids(9), floats(1, 1), bytes("LR")))
        .hasMessage("ERR syntax error");
    assertThatThrownBy(() -> callBytes("EMB.PUSH", bytes("u"), ids(9), floats(1, 1)))
        .hasMessage("ERR there is no table 'u'");
    assertThat(((List<?>) call("EMB.GET", "t", "9")).getFirst()).isNull();
  }

  @Test
  void rowsWithLowScoresAreDropped() {
    call(
        "EMB.CREATE",
        "t",
        "DIM",
        "1",
        "OPTIMIZER",
        "sgd",
        "SCORES",
        "MINSCORE",
        "2",
        "UNSEEN",
        "9",
        "MINROWS",
        "1",
        "PERIOD",
        "60",
        "DATATIME",
        "MAXROWS",
        "50");
    assertThat(texts(call("EMB.INFO", "t")))
        .containsSubsequence(
            "expiry",
            "datatime maxrows 50 scores nonclick 0.1 click 1.0 scoredecay 0.98 minscore 2.0"
                + " unseen 9 period 60 minrows 1");
    callBytes(
        "EMB.PUSH",
        bytes("t"),
        ids(1, 2, 3),
        floats(0, 0, 0),
        bytes("TIME"),
        bytes("1000"),
        bytes("SHOWS"),
        floats(30, 3, 19),
        bytes("clicks"),
        floats(0, 2, 0));
    List<String> report = List.of("rows", "3", "expired", "0", "low_score", "1", "over_cap", "0");
    assertThat(texts(call("EMB.SHRINK", "t", "DRYRUN"))).isEqualTo(report);
    assertThat(texts(call("EMB.SHRINK", "t"))).isEqualTo(report);
    assertThat(((List<?>) call("EMB.GET", "t", "3")).getFirst()).isNull();
    assertThatThrownBy(() -> call("EMB.SHRINK", "t", "NOW")).hasMessage("ERR syntax error");
    assertThatThrownBy(() ->
            callBytes("EMB.PUSH", bytes("t"), ids(1), floats(0), bytes("SHOWS"), floats(1, 2)))
        .hasMessage("ERR EMB.PUSH: shows has 8 bytes, one f32 for each of 1 keys takes 4");
  }

  @Test
  void bagsOfRowsArePooled() {
    call("EMB.CREATE", "t", "DIM", "2", "INIT", "constant", "1");
    callBytes("EMB.SET", bytes("t"), bytes("1"), floats(2, 4), bytes("2"), floats(6, 8));
    byte[] ids = ids(1, 2, 9, 1);
    byte[] offsets = little(new byte[12]).putInt(0).putInt(3).putInt(3).array();

    assertThat(callBytes("EMB.POOL", bytes("t"), bytes("sum"), ids, offsets))
        .isEqualTo(floats(9, 13, 0, 0, 2, 4));
    assertThat(callBytes("EMB.POOL", bytes("t"), bytes("MEAN"), ids(1, 2), new byte[4]))
        .isEqualTo(floats(4, 6));
    assertThat(
            callBytes(
                "EMB.POOL",
                bytes("t"),
                bytes("SUM"),
                ids,
                offsets,
                bytes("WEIGHTS"),
                floats(1, 0.5f, 2, -1)))
        .isEqualTo(floats(7, 10, 0, 0, -2, -4));

    assertThatThrownBy(() -> callBytes("EMB.POOL", bytes("t"), bytes("MAX"), ids, offsets))
        .hasMessage("ERR EMB.POOL: pooling must be SUM or MEAN, not 'MAX'");
    assertThatThrownBy(() -> callBytes("EMB.POOL", bytes("t"), bytes("SUM"), ids(1), offsets))
        .hasMessage(
            "ERR EMB.POOL: offset 1 is 3; offsets start at 0, do not fall, and are at most the 1 keys");
    assertThatThrownBy(() ->
            callBytes(
                "EMB.POOL", bytes("t"), bytes("SUM"), ids, offsets, bytes("WEIGHTS"), floats(1)))
        .hasMessage("ERR EMB.POOL: weights has 4 bytes, 4 keys have 16");
    assertThatThrownBy(
            () -> callBytes("EMB.POOL", bytes("t"), bytes("SUM"), ids, offsets, bytes("WEIGHTS")))
        .hasMessage("ERR syntax error");
  }

  @Test
  void bagsOfSeveralTablesArePooledInOneCall() {
    call("EMB.CREATE", "a", "DIM", "2", "INIT", "constant", "1");
    call("EMB.CREATE", "b", "DIM", "1", "INIT", "constant", "3");
    byte[] start = new byte[4];

    List<?> rows =
        (List<?>)
            callBytes(
                "EMB.MPOOL",
                bytes("a"),
                bytes("SUM"),
                ids(1, 2),
                start,
                bytes("WEIGHTS"),
                floats(2, 3),
                bytes("b"),
                bytes("MEAN"),
                ids(1, 5, 6),
                start,
                bytes("a"),
                bytes("sum"),
                ids(9),
                start);

    assertThat(rows.get(0)).isEqualTo(floats(5, 5));
    assertThat(rows.get(1)).isEqualTo(floats(3));
    assertThat(rows.get(2)).isEqualTo(floats(1, 1));
    assertThat(rows).hasSize(3);
    assertThatThrownBy(() ->
            callBytes(
                "EMB.MPOOL",
                bytes("a"),
                bytes("SUM"),
                ids(1),
                start,
                bytes("b"),
                bytes("SUM"),
                ids(1),
                new byte[3]))
        .hasMessageStartingWith("ERR EMB.MPOOL: ");
    assertThatThrownBy(
            () -> callBytes("EMB.MPOOL", bytes("a"), bytes("SUM"), ids(1), start, bytes("b")))
        .hasMessage("ERR syntax error");
    assertThat(text(call("PING"))).isEqualTo("PONG");
  }

  @Test
  void rowsOfAnyFormatAreLookedUpAsFloats() {
    call("EMB.CREATE", "t", "DIM", "3", "DTYPE", "bf16", "INIT", "constant", "0.5");
    callBytes("EMB.SET", bytes("t"), bytes("1"), new byte[] {0, 0, (byte) 0x80, 0x3f, 0, 0x40});

    Object rows = callBytes("EMB.LOOKUP", bytes("t"), ids(1, 2), bytes("as"), bytes("F32"));

    assertThat(rows).isEqualTo(floats(0, 1, 2, 0.5f, 0.5f, 0.5f));
    assertThatThrownBy(() -> callBytes("EMB.LOOKUP", bytes("t"), ids(1), bytes("AS"), bytes("f16")))
        .hasMessage("ERR EMB.LOOKUP: AS must be f32, not 'f16'");
    assertThatThrownBy(() -> callBytes("EMB.LOOKUP", bytes("t"), ids(1), bytes("AS")))
        .hasMessage("ERR syntax error");
  }

  @Test
  void rowsAreWrittenReadShownAndDeleted() {
    call("EMB.CREATE", "t", "DIM", "2");
    byte[] first = floats(1, -2.5f);
    byte[] second = floats(0.1f, 3);

    assertThat(text(callBytes("EMB.SET", bytes("t"), bytes("0"), first, bytes(LARGEST_ID), second)))
        .isEqualTo("OK");

    List<?> rows = (List<?>) call("EMB.GET", "t", LARGEST_ID, "5", "0");
    assertThat(rows.get(0)).isEqualTo(second);
    assertThat(rows.get(1)).isNull();
    assertThat(rows.get(2)).isEqualTo(first);
    assertThat(texts(call("EMB.SHOW", "t", "0", "5", LARGEST_ID)))
        .containsExactly("0: 1 -2.5", "5: (missing)", LARGEST_ID + ": 0.1 3");
    assertThat(call("EMB.DEL", "t", "0", "5")).isEqualTo(1L);
    assertThat(((List<?>) call("EMB.GET", "t", "0")).getFirst()).isNull();
    assertThat(texts(call("EMB.INFO", "t"))).containsSubsequence("rows", "1");
  }

  @Test
  void aBadRowOrIdIsNamedAndNothingIsWritten() {
    call("EMB.CREATE", "t", "DIM", "2");

    assertThatThrownBy(
            () -> callBytes("EMB.SET", bytes("t"), bytes("1"), floats(1, 2), bytes("2"), floats(1)))
        .hasMessage("ERR EMB.SET: the row of id 2 has 4 bytes, a row of table 't' has 8");
    assertThatThrownBy(() -> callBytes("EMB.SET", bytes("t"), bytes("-1"), floats(1, 2)))
        .hasMessage("ERR id '-1' is not an integer in 0..18446744073709551615");
    assertThatThrownBy(() -> call("EMB.GET", "t", "18446744073709551616"))
        .hasMessage("ERR id '18446744073709551616' is not an integer in 0..18446744073709551615");
    assertThatThrownBy(() -> call("EMB.GET", "t", "+1")).hasMessageContaining("id '+1'");
    assertThatThrownBy(() -> call("EMB.SET", "t", "1", "x", "2"))
        .hasMessage("ERR wrong number of arguments for 'emb.set' command");
    assertThat(((List<?>) call("EMB.GET", "t", "1")).getFirst()).isNull();
  }

  @Test
  void packedLookupsAnswerOneBlobWithMissingRowsInitialized() {
    call("EMB.CREATE", "t", "DIM", "2", "INIT", "constant", "0.5");
    callBytes("EMB.SET", bytes("t"), bytes("7"), floats(1, 2));

    byte[] packed = ids(7, -1, 7);
    assertThat((byte[]) callBytes("EMB.LOOKUP", bytes("t"), packed))
        .isEqualTo(floats(1, 2, 0.5f, 0.5f, 1, 2));
    List<?> reply = (List<?>) callBytes("EMB.LOOKUPX", bytes("t"), packed);
    assertThat(reply.get(0)).isEqualTo(floats(1, 2, 0.5f, 0.5f, 1, 2));
    assertThat(reply.get(1)).isEqualTo(new byte[] {1, 0, 1});
    assertThat((byte[]) callBytes("EMB.LOOKUP", bytes("t"), new byte[0])).isEmpty();
    assertThat(texts(call("EMB.INFO", "t"))).containsSubsequence("rows", "1");
    assertThatThrownBy(() -> callBytes("EMB.LOOKUP", bytes("t"), new byte[12]))
        .hasMessage("ERR packed ids have 8 bytes each, and 12 bytes are not a multiple of that");
    assertThatThrownBy(() -> callBytes("EMB.LOOKUP", bytes("none"), packed))
        .hasMessage("ERR there is no table 'none'");
  }

  @Test
  void aPrefetchAnswersARisingTicket() {
    call("EMB.CREATE", "t", "DIM", "2");
    callBytes("EMB.SET", bytes("t"), bytes("7"), floats(1, 2));

    long first = (Long) callBytes("EMB.PREFETCH", bytes("t"), ids(7, 8));
    long second = (Long) callBytes("EMB.PREFETCH", bytes("t"), ids(7));
    assertThat(first).isPositive();
    assertThat(second).isGreaterThan(first);
    assertThat((byte[]) callBytes("EMB.LOOKUP", bytes("t"), ids(7))).isEqualTo(floats(1, 2));
    assertThatThrownBy(() -> callBytes("EMB.PREFETCH", bytes("t"), new byte[12]))
        .hasMessage("ERR packed ids have 8 bytes each, and 12 bytes are not a multiple of that");
    assertThatThrownBy(() -> callBytes("EMB.PREFETCH", bytes("none"), ids(7)))
        .hasMessage("ERR there is no table 'none'");
  }

  @Test
  void aLargeLookupComesBackWhole() {
    call("EMB.CREATE", "t", "DIM", "64");
    int count = 20_000;
    long[] ids = new long[count];
    for (int i = 0; i < count; i++) {
      ids[i] = i % 3;
    }
    byte[] row = new byte[256];
    row[255] = 9;
    callBytes("EMB.SET", bytes("t"), bytes("2"), row);

    byte[] rows = (byte[]) callBytes("EMB.LOOKUP", bytes("t"), ids(ids));

    assertThat(rows).hasSize(count * 256);
    for (int i = 0; i < count; i++) {
      assertThat(rows[i * 256 + 255]).isEqualTo((byte) (i % 3 == 2 ? 9 : 0));
    }
  }

  @Test
  void aLookupOverTheBoundOfAReplyIsNamed() throws Exception {
    ServerOptions small = ServerFixture.options().withSizeLimits(1 << 20, 2 << 20, 1 << 20);
    try (ServerFixture other = ServerFixture.open(directory.resolve("small"), small);
        Jedis client = other.jedis()) {
      client.sendCommand(() -> bytes("EMB.CREATE"), "t", "DIM", "65536");

      assertThatThrownBy(
              () -> client.sendCommand(() -> bytes("EMB.LOOKUP"), bytes("t"), new byte[8 * 5]))
          .hasMessage("ERR 5 rows of table 't' are 1310720 bytes, the limit of a reply is 1048576");
      assertThat(client.ping()).isEqualTo("PONG");
    }
  }

  @Test
  void rowsOfEveryNumberFormatAreShownAsNumbers() {
    call("EMB.CREATE", "half", "DIM", "2", "DTYPE", "f16");
    call("EMB.CREATE", "brain", "DIM", "2", "DTYPE", "bf16");
    call("EMB.CREATE", "byte", "DIM", "2", "DTYPE", "i8");
    byte[] half = new byte[4];
    little(half).putShort(Float.floatToFloat16(1.5f)).putShort(Float.floatToFloat16(-0.25f));
    byte[] brain = new byte[4];
    little(brain).putShort(upperHalf(3)).putShort(upperHalf(-8));
    byte[] scaled = new byte[10];
    little(scaled).put((byte) 127).put((byte) -2).putFloat(0.5f).putFloat(1);

    callBytes("EMB.SET", bytes("half"), bytes("1"), half);
    callBytes("EMB.SET", bytes("brain"), bytes("1"), brain);
    callBytes("EMB.SET", bytes("byte"), bytes("1"), scaled);

    assertThat(texts(call("EMB.SHOW", "half", "1"))).containsExactly("1: 1.5 -0.25");
    assertThat(texts(call("EMB.SHOW", "brain", "1"))).containsExactly("1: 3 -8");
    assertThat(texts(call("EMB.SHOW", "byte", "1"))).containsExactly("1: 64.5 0");
  }

  @Test
  void rowsBeyondMemoryAreReadFromTheDevice() {
    // Given half again as many bytes of rows as the store may hold in memory.
    int rowBytes = 4 * 1024;
    int count = (int) (3 * ServerFixture.MEMORY_BYTES / 2 / rowBytes);
    call("EMB.CREATE", "t", "DIM", "1024");
    try (Pipeline pipeline = jedis.pipelined()) {
      for (int id = 0; id < count; id++) {
        byte[] row = new byte[rowBytes];
        little(row).putInt(id).putInt(rowBytes - 4, ~id);
        pipeline.sendCommand(() -> bytes("EMB.SET"), bytes("t"), bytes("" + id), row);
      }
    }

    int cold = 0;
    for (int from = 0; from < count; from += 1000) {
      long[] wanted = LongStream.range(from, Math.min(count, from + 1000)).toArray();
      List<?> reply = (List<?>) callBytes("EMB.LOOKUPX", bytes("t"), ids(wanted));
      ByteBuffer rows = little((byte[]) reply.get(0));
      byte[] statuses = (byte[]) reply.get(1);
      for (int i = 0; i < wanted.length; i++) {
        assertThat(statuses[i]).as("status of id %d", wanted[i]).isIn((byte) 1, (byte) 2);
        assertThat(rows.getInt(i * rowBytes)).isEqualTo((int) wanted[i]);
        assertThat(rows.getInt((i + 1) * rowBytes - 4)).isEqualTo(~(int) wanted[i]);
        cold += statuses[i] == 2 ? 1 : 0;
      }
    }
    assertThat(cold).isGreaterThan(count / 4);
    for (int id = 0; id < count; id += 7) {
      ByteBuffer row = little((byte[]) callBytes("EMB.LOOKUP", bytes("t"), ids(id)));
      assertThat(row.getInt(0)).isEqualTo(id);
      assertThat(row.getInt(rowBytes - 4)).isEqualTo(~id);
    }
    assertThat(jedis.info("emberkv")).doesNotContain("device_reads:0\r\n");
  }

  @Test
  void smallReadsOfHotRowsTakeNoWorkerAndLargeOnesDo() {
    call("EMB.CREATE", "t", "DIM", "64");
    call("EMB.CREATE", "counted", "DIM", "64", "OPTIMIZER", "adagrad", "ADMIT", "2");
    for (int id = 0; id < 1_000; id++) {
      callBytes("EMB.SET", bytes("t"), bytes("" + id), floats(new float[64]));
    }
    long before = workerBatches();
    long perQuestion = workerBatches() - before;

    for (int id = 0; id < 50; id++) {
      callBytes("EMB.LOOKUP", bytes("t"), ids(id));
      callBytes("EMB.LOOKUPX", bytes("t"), ids(id, 2_000, 999));
      call("EMB.GET", "t", "" + id, "2000");
    }
    assertThat(workerBatches()).isEqualTo(before + 2 * perQuestion);

    callBytes("EMB.LOOKUP", bytes("t"), ids(LongStream.range(0, 1_000).toArray()));
    callBytes("EMB.LOOKUP", bytes("counted"), ids(1));
    assertThat(workerBatches()).isEqualTo(before + 3 * perQuestion + 2);
  }

  private long workerBatches() {
    return jedis
        .info("stats")
        .lines()
        .filter(line -> line.startsWith("worker_batches:"))
        .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(':') + 1)))
        .sum();
  }

  @Test
  void flushAllEmptiesTablesAndKeepsThem() {
    call("EMB.CREATE", "t", "DIM", "1");
    callBytes("EMB.SET", bytes("t"), bytes("1"), floats(1));

    jedis.flushDB();
    assertThat(texts(call("EMB.INFO", "t"))).containsSubsequence("rows", "1");
    jedis.flushAll();
    assertThat(texts(call("EMB.INFO", "t"))).containsSubsequence("rows", "0");
  }

  private Object call(String command, String... words) {
    return jedis.sendCommand(() -> bytes(command), words);
  }

  private Object callBytes(String command, byte[]... arguments) {
    return jedis.sendCommand(() -> bytes(command), arguments);
  }

  private static String text(Object reply) {
    return reply instanceof byte[] bytes
        ? new String(bytes, StandardCharsets.UTF_8)
        : String.valueOf(reply);
  }

  private static List<String> texts(Object reply) {
    return ((List<?>) reply).stream().map(EmbeddingCommandsTest::text).toList();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static ByteBuffer little(byte[] target) {
    return ByteBuffer.wrap(target).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static short upperHalf(float value) {
    return (short) (Float.floatToRawIntBits(value) >>> 16);
  }

  private static byte[] floats(float... values) {
    byte[] packed = new byte[4 * values.length];
    little(packed).asFloatBuffer().put(values);
    return packed;
  }

  private static byte[] ids(long... values) {
    byte[] packed = new byte[8 * values.length];
    little(packed).asLongBuffer().put(values);
    return packed;
  }
}

package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Hashes as one value and as rows. */
@SuppressWarnings("NullAway") // A null where a value is expected fails the test.
class HashKeyspaceTest {
  private static final long MEMORY_BYTES = 24L << 20;
  private static final int BATCH = 1_024;
  private static final byte[] H = bytes("h");

  @TempDir Path directory;

  private Store open() {
    return Store.open(StoreOptions.of(directory).withMemoryBytes(MEMORY_BYTES));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static @Nullable String text(byte @Nullable [] bytes) {
    return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
  }

  private static byte[] field(int n) {
    return bytes("field:" + n);
  }

  /** A value of 256 bytes that says what it is. */
  private static byte[] value(int n, int version) {
    byte[] value = new byte[256];
    Arrays.fill(value, (byte) (n * 31 + version));
    byte[] name = bytes(n + "." + version + ".");
    System.arraycopy(name, 0, value, 0, name.length);
    return value;
  }

  private static int put(StringKeyspace strings, byte[] key, int from, int to, int version) {
    int added = 0;
    for (int first = from; first < to; first += BATCH) {
      List<byte[]> fields = new ArrayList<>();
      List<byte[]> values = new ArrayList<>();
      for (int n = first; n < Math.min(to, first + BATCH); n++) {
        fields.add(field(n));
        values.add(value(n, version));
      }
      added += strings.hashes().put(key, StringBatch.copyOf(fields, values));
    }
    return added;
  }

  private static int put(StringKeyspace strings, String key, String field, String value) {
    return strings
        .hashes()
        .put(bytes(key), StringBatch.copyOf(List.of(bytes(field)), List.of(bytes(value))));
  }

  private static byte[] @Nullable [] getAll(StringKeyspace strings, byte[] key, int... fields) {
    List<byte[]> names = new ArrayList<>();
    for (int n : fields) {
      names.add(field(n));
    }
    return getAll(strings, key, names);
  }

  private static byte[] @Nullable [] getAll(
      StringKeyspace strings, byte[] key, List<byte[]> names) {
    List<byte[]> none = names.stream().map(name -> new byte[0]).toList();
    ArraySink sink = new ArraySink(names.size());
    strings.hashes().getAll(key, StringBatch.copyOf(names, none), sink);
    return sink.values;
  }

  private static Map<String, byte[]> all(StringKeyspace strings, byte[] key) {
    Map<String, byte[]> found = new TreeMap<>();
    long[] size = new long[1];
    strings
        .hashes()
        .forEach(
            key,
            fields -> size[0] = fields,
            (field, value) -> assertThat(found.put(text(field), value)).isNull());
    assertThat(found).hasSize((int) size[0]);
    return found;
  }

  private static boolean hasRows(StringKeyspace strings, byte[] key) {
    HashShape shape = strings.hashes().shape(key);
    return shape != null && shape.hasRows();
  }

  private static void await(Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (!condition.call()) {
      assertThat(System.nanoTime()).as("waited too long").isLessThan(deadline);
      Thread.sleep(20);
    }
  }

  @Test
  void aHashThatGrowsBecomesRowsAndLosesNothing() {
    try (Store store = open()) {
      StringKeyspace strings = store.strings();

      for (int n = 0; n < 400; n++) {
        assertThat(put(strings, H, n, n + 1, 1)).isEqualTo(1);
        assertThat(strings.hashes().size(H)).isEqualTo(n + 1);
      }

      assertThat(hasRows(strings, H)).isTrue();
      for (int n = 0; n < 400; n++) {
        assertThat(strings.hashes().get(H, field(n))).isEqualTo(value(n, 1));
      }
      assertThat(strings.hashes().get(H, field(400))).isNull();
      assertThat(all(strings, H)).hasSize(400);
      assertThat(strings.size()).isEqualTo(1);
      assertThat(strings.info(H).type()).isEqualTo(ValueType.HASH_ROWS);
    }
  }

  @Test
  void fieldsAreOverwrittenUpdatedAndDeletedInBothForms() {
    try (Store store = open()) {
      StringKeyspace strings = store.strings();
      for (int fields : new int[] {10, 1_000}) {
        byte[] key = bytes("hash of " + fields);

        assertThat(put(strings, key, 0, fields, 1)).isEqualTo(fields);
        assertThat(put(strings, key, fields - 5, fields + 5, 2)).isEqualTo(5);
        assertThat(hasRows(strings, key)).isEqualTo(fields > 100);

        byte[] @Nullable [] found = getAll(strings, key, 0, fields - 5, fields + 4, -1, 0);
        assertThat(found[0]).isEqualTo(value(0, 1));
        assertThat(found[1]).isEqualTo(value(fields - 5, 2));
        assertThat(found[2]).isEqualTo(value(fields + 4, 2));
        assertThat(found[3]).isNull();
        assertThat(found[4]).isEqualTo(value(0, 1));

        strings.hashes().update(key, field(0), seen -> bytes(text(seen).substring(0, 3)));
        strings.hashes().update(key, field(1), seen -> null);
        strings.hashes().update(key, bytes("new"), seen -> seen == null ? bytes("x") : null);
        assertThat(text(strings.hashes().get(key, field(0)))).isEqualTo("0.1");
        assertThat(strings.hashes().get(key, field(1))).isEqualTo(value(1, 1));
        assertThat(text(strings.hashes().get(key, bytes("new")))).isEqualTo("x");

        byte[][] some = {field(0), field(0), bytes("new"), bytes("none")};
        assertThat(strings.hashes().delete(key, some)).isEqualTo(2);
        assertThat(strings.hashes().size(key)).isEqualTo(fields + 4);
        assertThat(
                strings
                    .hashes()
                    .delete(
                        key,
                        all(strings, key).keySet().stream()
                            .map(HashKeyspaceTest::bytes)
                            .toArray(byte[][]::new)))
            .isEqualTo(fields + 4);
        assertThat(strings.contains(key)).isFalse();
        assertThat(strings.hashes().size(key)).isZero();
        assertThat(strings.hashes().shape(key)).isNull();
      }
      assertThat(strings.size()).isZero();
    }
  }

  @Test
  void emptyAndLongFieldsAndValuesAreAsGoodAsOthers() {
    try (Store store = open()) {
      StringKeyspace strings = store.strings();
      put(strings, H, 0, 500, 1);

      byte[] longField = new byte[HashKeyspace.MAX_FIELD_BYTES];
      byte[] longValue = new byte[1 << 20];
      Arrays.fill(longValue, (byte) 7);
      List<byte[]> fields = List.of(new byte[0], longField, bytes("long"));
      strings
          .hashes()
          .put(H, StringBatch.copyOf(fields, List.of(bytes("e"), new byte[0], longValue)));

      byte[] @Nullable [] found = getAll(strings, H, fields);
      assertThat(text(found[0])).isEqualTo("e");
      assertThat(found[1]).isEmpty();
      assertThat(found[2]).isEqualTo(longValue);
      assertThat(strings.hashes().size(H)).isEqualTo(503);
      assertThatThrownBy(() ->
              strings
                  .hashes()
                  .put(
                      H,
                      StringBatch.copyOf(
                          List.of(new byte[HashKeyspace.MAX_FIELD_BYTES + 1]), List.of(longField))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("field");
    }
  }

  @Test
  void aHashLargerThanDramIsReadInBatchesAndSurvivesARestart() {
    runLargerThanDram(150_000);
  }

  @Test
  @Tag("long")
  void aHashOfTwoMillionFieldsIsReadInBatchesAndSurvivesARestart() {
    runLargerThanDram(2_000_000);
  }

  private void runLargerThanDram(int fields) {
    try (Store store = open()) {
      assertThat(put(store.strings(), H, 0, fields, 1)).isEqualTo(fields);
      assertThat(put(store.strings(), H, 1_000, 5_000, 2)).isZero();
      checkBatches(store, fields);
    }
    try (Store store = open()) {
      checkBatches(store, fields);
      assertThat(store.strings().hashes().delete(H, new byte[][] {field(7)})).isEqualTo(1);
      assertThat(store.strings().hashes().size(H)).isEqualTo(fields - 1);
    }
  }

  private static void checkBatches(Store store, int fields) {
    StringKeyspace strings = store.strings();
    assertThat(strings.hashes().size(H)).isEqualTo(fields);
    assertThat(store.stats().hotRows()).isLessThan(fields);
    int step = fields / BATCH;
    int[] wanted = new int[BATCH];
    Arrays.setAll(wanted, i -> i * step);
    var _ = getAll(strings, H, wanted); // from here on the table knows how long values are
    Arrays.setAll(wanted, i -> i * step + 1);
    long submits = store.stats().deviceSubmits();
    long reads = store.stats().deviceReads();
    byte[] @Nullable [] found = getAll(strings, H, wanted);
    long readsOfBatch = store.stats().deviceReads() - reads;
    assertThat(readsOfBatch).as("reads of cold fields").isPositive();
    if (store.stats().ioBackend().equals("uring")) {
      // Others of the store's threads may submit as well; one by one it would be hundreds more.
      assertThat(store.stats().deviceSubmits() - submits).isLessThan(readsOfBatch / 4 + 30);
    }
    for (int i = 0; i < BATCH; i++) {
      int n = wanted[i];
      assertThat(found[i]).isEqualTo(value(n, n >= 1_000 && n < 5_000 ? 2 : 1));
    }
  }

  @Test
  void whatIsGoneGivesItsRowsBackAndNoneIsSeenAmongTheKeys() throws Exception {
    try (Store store = open()) {
      StringKeyspace strings = store.strings();
      for (String key : List.of("deleted", "set", "put", "expired", "renamed over", "kept")) {
        put(strings, bytes(key), 0, 300, 1);
      }
      strings.put(bytes("other"), bytes("x"));
      put(store.strings(5), H, 0, 300, 1);
      assertThat(store.stats().rows()).isGreaterThan(7 * 300);

      assertThat(strings.delete(bytes("deleted"))).isTrue();
      strings.update(bytes("set"), seen -> StringEntry.of(bytes("s")));
      strings.put(bytes("put"), bytes("p"));
      long at = System.currentTimeMillis();
      strings.update(bytes("expired"), seen -> seen.withExpiry(at));
      strings.rename(bytes("other"), strings, bytes("renamed over"));
      store.strings(5).clear();

      assertThat(keys(strings)).isEqualTo(Set.of("set", "put", "renamed over", "kept"));
      assertThat(strings.hashes().size(bytes("deleted"))).isZero();
      // PUT asks nobody what was there, so its hash is found when the round comes by.
      await(() -> store.stats().rows() == 4 + 300);
      assertThat(all(strings, bytes("kept"))).hasSize(300);
      put(strings, bytes("deleted"), 0, 1, 3);
      assertThat(all(strings, bytes("deleted"))).hasSize(1);
    }
    try (Store store = open()) {
      assertThat(keys(store.strings()))
          .isEqualTo(Set.of("set", "put", "renamed over", "kept", "deleted"));
      assertThat(store.stats().rows()).isEqualTo(5 + 300);
    }
  }

  private static Set<String> keys(StringKeyspace strings) {
    Set<String> keys = new HashSet<>();
    assertThat(strings.scan(0, Integer.MAX_VALUE, (key, info) -> keys.add(text(key)))).isZero();
    assertThat(strings.size()).isGreaterThanOrEqualTo(keys.size());
    return keys;
  }

  @Test
  void aRestartDropsRowsWhoseHashWasDeletedJustBefore() throws Exception {
    for (int round = 0; round < 3; round++) {
      try (Store store = open()) {
        put(store.strings(), H, 0, 2_000, round);
        assertThat(store.strings().delete(H)).isTrue();
      }
      try (Store store = open()) {
        assertThat(store.strings().contains(H)).isFalse();
        await(() -> store.stats().rows() == 0);
      }
    }
  }

  @Test
  void renamedHashesKeepTheirRowsAndCopiesHaveTheirOwn() throws Exception {
    try (Store store = open()) {
      StringKeyspace strings = store.strings();
      StringKeyspace third = store.strings(3);
      put(strings, H, 0, 700, 1);
      long at = System.currentTimeMillis() + 1_000_000;
      strings.update(H, seen -> seen.withExpiry(at));

      strings.rename(H, third, bytes("moved"));
      third.copy(bytes("moved"), strings, bytes("copy"));
      strings.hashes().delete(bytes("copy"), new byte[][] {field(0)});
      put(third, bytes("moved"), 0, 1, 2);

      assertThat(strings.contains(H)).isFalse();
      assertThat(third.hashes().size(bytes("moved"))).isEqualTo(700);
      assertThat(strings.hashes().size(bytes("copy"))).isEqualTo(699);
      assertThat(third.hashes().get(bytes("moved"), field(0))).isEqualTo(value(0, 2));
      assertThat(third.info(bytes("moved")).expiresAtMillis()).isEqualTo(at);
      assertThat(strings.info(bytes("copy")).expiresAtMillis()).isEqualTo(at);
      store.swapStrings(0, 3);
      assertThat(strings.hashes().size(bytes("moved"))).isEqualTo(700);
      Thread.sleep(300); // the reclaimer has come by
    }
    try (Store store = open()) {
      Thread.sleep(300);
      assertThat(all(store.strings(), bytes("moved"))).hasSize(700);
      assertThat(all(store.strings(3), bytes("copy"))).hasSize(699);
    }
  }

  @Test
  void swappingDatabasesKeepsTheirHashes() throws Exception {
    try (Store store = open()) {
      put(store.strings(), H, 0, 300, 1);
      put(store.strings(1), H, 0, 300, 2);
      int swaps = 0;
      long end = System.nanoTime() + 1_500_000_000L;
      while (System.nanoTime() < end) {
        store.swapStrings(0, 1);
        swaps++;
        store.strings(2).clear(); // after which all hashes are looked at
      }
      Thread.sleep(300);

      int first = swaps % 2 == 0 ? 1 : 2;
      assertThat(store.strings().hashes().get(H, field(7))).isEqualTo(value(7, first));
      assertThat(store.strings(1).hashes().get(H, field(7))).isEqualTo(value(7, 3 - first));
      assertThat(all(store.strings(), H)).hasSize(300);
      assertThat(all(store.strings(1), H)).hasSize(300);
    }
  }

  @Test
  void everyChangeOfAFieldIsANewVersionOfTheKey() {
    try (Store store = open()) {
      StringKeyspace strings = store.strings();
      put(strings, H, 0, 700, 1);
      Set<Long> versions = new HashSet<>();
      assertThat(versions.add(strings.info(H).version())).isTrue();

      put(strings, H, 3, 4, 2);
      assertThat(versions.add(strings.info(H).version())).isTrue();
      put(strings, H, 0, 10, 3);
      assertThat(versions.add(strings.info(H).version())).isTrue();
      strings.hashes().update(H, field(1), seen -> bytes("x"));
      assertThat(versions.add(strings.info(H).version())).isTrue();
      strings.hashes().delete(H, new byte[][] {field(1)});
      assertThat(versions.add(strings.info(H).version())).isTrue();
      strings.hashes().delete(H, new byte[][] {field(1), bytes("none")});
      assertThat(versions.add(strings.info(H).version())).as("nothing was deleted").isFalse();
      assertThat(strings.update(H, seen -> seen).version()).isEqualTo(strings.info(H).version());
    }
  }

  @Test
  void otherTypesAreRefusedAndHashesAreNoStrings() {
    try (Store store = open()) {
      StringKeyspace strings = store.strings();
      strings.put(bytes("s"), bytes("x"));
      put(strings, H, 0, 700, 1);

      assertThatThrownBy(() -> put(strings, "s", "f", "v")).isInstanceOf(WrongTypeException.class);
      assertThatThrownBy(() -> strings.hashes().get(bytes("s"), field(1)))
          .isInstanceOf(WrongTypeException.class);
      assertThatThrownBy(() -> strings.get(H)).isInstanceOf(WrongTypeException.class);
      StringEntry header = strings.entry(H);
      assertThatThrownBy(() -> strings.update(bytes("alias"), seen -> header))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void aThreadThatRefusesToWaitIsToldSoAndNothingHasChanged() throws Exception {
    try (Store store = open();
        ExecutorService eventLoop = Executors.newSingleThreadExecutor()) {
      StringKeyspace strings = store.strings();
      put(strings, H, 0, 700, 1);
      Future<?> done =
          eventLoop.submit(() -> {
            store.refuseToWait();
            assertThatThrownBy(() -> put(strings, H, 0, 10, 2))
                .isInstanceOf(WouldWaitException.class);
            assertThatThrownBy(() -> strings.hashes().delete(H, new byte[][] {field(1)}))
                .isInstanceOf(WouldWaitException.class);
            assertThatThrownBy(() -> all(strings, H)).isInstanceOf(WouldWaitException.class);
            assertThat(strings.hashes().get(H, field(1))).isEqualTo(value(1, 1));
            assertThat(put(strings, H, 5, 6, 9)).isZero();
          });
      done.get();
      assertThat(strings.hashes().get(H, field(0))).isEqualTo(value(0, 1));
      assertThat(strings.hashes().get(H, field(5))).isEqualTo(value(5, 9));
    }
  }

  /** A writer moves two fields along together; nobody may ever see one ahead of the other. */
  @Test
  void readersSeeWholeBatches() throws Exception {
    try (Store store = open();
        ExecutorService readers = Executors.newFixedThreadPool(2)) {
      StringKeyspace strings = store.strings();
      put(strings, H, 0, 600, 0);
      AtomicBoolean stop = new AtomicBoolean();
      List<Future<?>> done = new ArrayList<>();
      done.add(
          readers.submit(() -> {
            while (!stop.get()) {
              byte[] @Nullable [] found = getAll(strings, H, 0, 300, 599);
              int version = versionOf(found[0]);
              assertThat(versionOf(found[1])).isEqualTo(version);
              assertThat(versionOf(found[2])).isEqualTo(version);
            }
          }));
      done.add(
          readers.submit(() -> {
            while (!stop.get()) {
              int last = versionOf(strings.hashes().get(H, field(599)));
              assertThat(versionOf(strings.hashes().get(H, field(0)))).isGreaterThanOrEqualTo(last);
              int first = versionOf(strings.hashes().get(H, field(0)));
              assertThat(versionOf(strings.hashes().get(H, field(599))))
                  .isGreaterThanOrEqualTo(first);
              assertThat(strings.hashes().size(H)).isEqualTo(600);
            }
          }));
      for (int version = 1; version <= 400; version++) {
        put(strings, H, 0, 600, version);
      }
      stop.set(true);
      for (Future<?> each : done) {
        each.get();
      }
    }
  }

  private static int versionOf(byte[] value) {
    return Integer.parseInt(text(value).split("\\.", 3)[1]);
  }

  @Test
  void aScanMeetsEveryFieldThatStaysWhileOthersComeAndGo() throws Exception {
    try (Store store = open();
        ExecutorService writer = Executors.newSingleThreadExecutor()) {
      StringKeyspace strings = store.strings();
      put(strings, H, 0, 3_000, 1);
      AtomicBoolean stop = new AtomicBoolean();
      Future<?> done =
          writer.submit(() -> {
            for (int n = 3_000; !stop.get() && n < 100_000; n += 50) {
              put(strings, H, n, n + 50, 1);
              strings.hashes().delete(H, new byte[][] {field(n), field(n + 1), field(n - 40)});
            }
          });
      for (int round = 0; round < 5; round++) {
        Map<String, byte[]> seen = new HashMap<>();
        long cursor = 0;
        do {
          cursor =
              strings.hashes().scan(H, cursor, 100, (field, value) -> seen.put(text(field), value));
        } while (cursor != 0);
        for (int n = 0; n < 2_900; n++) {
          assertThat(seen.get("field:" + n)).isEqualTo(value(n, 1));
        }
      }
      stop.set(true);
      done.get();
    }
  }

  @Test
  void samplesAreOfTheHashAndDistinctWhereAsked() {
    try (Store store = open()) {
      StringKeyspace strings = store.strings();
      for (int fields : new int[] {20, 1_000}) {
        byte[] key = bytes("hash of " + fields);
        put(strings, key, 0, fields, 1);
        for (int count : new int[] {1, 10, fields / 3, fields - 1, fields, 2 * fields}) {
          Map<String, byte[]> distinct = new HashMap<>();
          strings.hashes().sample(key, count, true, (f, v) -> distinct.put(text(f), v));
          assertThat(distinct).hasSize(Math.min(count, fields));
          int[] drawn = new int[1];
          strings.hashes().sample(key, count, false, (f, v) -> drawn[0]++);
          assertThat(drawn[0]).isEqualTo(count);
        }
        Map<String, byte[]> met = new HashMap<>();
        strings.hashes().sample(key, 50 * fields, false, (f, v) -> met.put(text(f), v));
        assertThat(met).as("fields met by many draws").hasSize(fields);
        Map<String, byte[]> all = all(strings, key);
        met.forEach((f, v) -> assertThat(v).isEqualTo(all.get(f)));
      }
    }
  }
}

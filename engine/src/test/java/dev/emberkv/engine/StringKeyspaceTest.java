package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What string keys offer beyond reading and writing whole values. */
@SuppressWarnings("NullAway") // A null where a value is expected fails the test.
class StringKeyspaceTest {
  @TempDir Path directory;

  private Store open() {
    return Store.open(StoreOptions.of(directory).withMemoryBytes(24L << 20));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static @Nullable String text(byte @Nullable [] bytes) {
    return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
  }

  private static void expireIn(StringKeyspace strings, String key, long millis) {
    long at = System.currentTimeMillis() + millis;
    strings.update(bytes(key), entry -> entry == null ? null : entry.withExpiry(at));
  }

  @Test
  void conditionalWritesLookAtWhatIsThere() {
    try (Store store = open()) {
      StringKeyspace strings = store.strings();

      assertThat(strings.putIfPresent(bytes("k"), bytes("a"))).isFalse();
      assertThat(strings.contains(bytes("k"))).isFalse();
      assertThat(strings.putIfAbsent(bytes("k"), bytes("b"))).isTrue();
      assertThat(strings.putIfAbsent(bytes("k"), bytes("c"))).isFalse();
      assertThat(strings.putIfPresent(bytes("k"), bytes("d"))).isTrue();
      assertThat(text(strings.get(bytes("k")))).isEqualTo("d");
    }
  }

  @Test
  void usesAreCountedOnceMemoryIsScarce() {
    try (Store store = open()) {
      StringKeyspace strings = store.strings();
      // given far more than the memory holds
      for (int i = 0; i < 40_000; i++) {
        strings.put(bytes("k" + i), new byte[1000]);
      }
      store.flush();

      // when one key is read again and again
      for (int i = 0; i < 40; i++) {
        assertThat(strings.get(bytes("k7"))).hasSize(1000);
      }

      // then
      assertThat(strings.useCount(bytes("k7"))).isBetween(8, 15);
      assertThat(strings.useCount(bytes("k8"))).isLessThan(strings.useCount(bytes("k7")));
      assertThat(strings.useCount(bytes("none"))).isZero();
    }
  }

  @Test
  void anExpiredKeyIsMissingForEveryCall() throws InterruptedException {
    try (Store store = open()) {
      StringKeyspace strings = store.strings();
      strings.put(bytes("k"), bytes("v"));
      strings.put(bytes("stays"), bytes("v"));
      expireIn(strings, "k", 300);
      assertThat(text(strings.get(bytes("k")))).isEqualTo("v");
      Thread.sleep(310);

      assertThat(strings.get(bytes("k"))).isNull();
      assertThat(strings.entry(bytes("k"))).isNull();
      assertThat(strings.info(bytes("k"))).isNull();
      assertThat(strings.valueLength(bytes("k"))).isEqualTo(-1);
      assertThat(strings.getAll(new byte[][] {bytes("k")})[0]).isNull();
      assertThat(hot(strings, "k")).isNull();
      assertThat(keys(strings)).containsExactly("stays");
      assertThat(strings.delete(bytes("k"))).as("was there").isFalse();
      assertThat(strings.putIfAbsent(bytes("k"), bytes("w"))).isTrue();
      assertThat(strings.info(bytes("k")).expiresAtMillis()).isEqualTo(StringEntry.NEVER);
    }
  }

  @Test
  void expiredKeysAreDeletedWithoutAnybodyAsking() throws InterruptedException {
    try (Store store = open()) {
      StringKeyspace strings = store.strings(4);
      for (int i = 0; i < 1000; i++) {
        strings.put(bytes("k" + i), bytes("v"));
        expireIn(strings, "k" + i, i % 2 == 0 ? 1 : 1_000_000);
      }
      for (int i = 0; i < 500 && strings.size() > 500; i++) {
        Thread.sleep(20);
      }

      assertThat(strings.size()).isEqualTo(500);
    }
  }

  @Test
  void expiredKeysOnTheDeviceAreDeletedToo() throws InterruptedException {
    try (Store store = open()) {
      StringKeyspace strings = store.strings();
      int keys = 2000;
      int fillers = 4000;
      long at = System.currentTimeMillis() + 2_000;
      StringEntry entry = StringEntry.of(new byte[900]).withExpiry(at);
      for (int i = 0; i < keys; i++) {
        strings.update(bytes("k" + i), seen -> entry);
      }
      for (int i = 0; i < fillers; i++) {
        strings.put(bytes("filler" + i), new byte[10_000]);
      }
      assertThat(store.stats().evictionsDirty()).as("rows that went to the device").isPositive();
      for (int i = 0; i < 1000 && strings.size() > fillers; i++) {
        Thread.sleep(20);
      }

      assertThat(strings.size()).isEqualTo(fillers);
    }
  }

  @Test
  void timesToLiveAndTypesSurviveARestartInBothTiers() {
    long later = System.currentTimeMillis() + 1_000_000;
    StringEntry hash = new StringEntry(bytes("fields"), ValueType.HASH, later, 0);
    for (int round = 0; round < 2; round++) {
      try (Store store = open()) {
        StringKeyspace strings = store.strings();
        if (round == 0) {
          strings.put(bytes("gone"), bytes("x"));
          expireIn(strings, "gone", -1);
          strings.update(bytes("h"), seen -> hash);
        }

        assertThat(strings.get(bytes("gone"))).isNull();
        StringEntry found = strings.entry(bytes("h"));
        assertThat(text(found.value())).isEqualTo("fields");
        assertThat(found.type()).isEqualTo(ValueType.HASH);
        assertThat(found.expiresAtMillis()).isEqualTo(later);
        assertThatThrownBy(() -> strings.get(bytes("h"))).isInstanceOf(WrongTypeException.class);
        assertThatThrownBy(() -> strings.valueLength(bytes("h")))
            .isInstanceOf(WrongTypeException.class);
        assertThat(strings.getAll(new byte[][] {bytes("h")})[0]).isNull();
      }
    }
  }

  @Test
  void everyStateOfAKeyHasAVersionOfItsOwn() {
    try (Store store = open()) {
      StringKeyspace strings = store.strings();
      Set<Long> versions = new HashSet<>();
      for (int i = 0; i < 3; i++) {
        strings.put(bytes("k"), bytes("same"));
        versions.add(strings.info(bytes("k")).version());
        expireIn(strings, "k", 10_000);
        versions.add(strings.info(bytes("k")).version());
        strings.delete(bytes("k"));
      }
      // Twice in one batch: each write counts.
      strings.putAll(new byte[][] {bytes("k"), bytes("k")}, new byte[][] {bytes("a"), bytes("b")});
      versions.add(strings.info(bytes("k")).version());

      assertThat(versions).hasSize(7);
    }
  }

  @Test
  void noUpdateIsLostWhileRowsMoveBetweenTheTiers() throws Exception {
    int threads = 4;
    int rounds = 1500;
    int keys = 40;
    try (Store store = open();
        ExecutorService pool = Executors.newFixedThreadPool(threads + 1)) {
      StringKeyspace strings = store.strings();
      Future<?>[] done = new Future<?>[threads];
      for (int t = 0; t < threads; t++) {
        Random random = new Random(t);
        done[t] =
            pool.submit(() -> {
              for (int i = 0; i < rounds; i++) {
                byte[] key = bytes("counter" + random.nextInt(keys));
                // Of changing length, so that the rows change slots; large, so that they get cold.
                strings.update(
                    key,
                    seen -> {
                      int next = seen == null ? 1 : Integer.parseInt(text(seen.value()).trim()) + 1;
                      return StringEntry.of(bytes(next + " ".repeat(next % 2 * 9000)));
                    });
                strings.put(bytes("filler" + random.nextInt(2000)), new byte[20_000]);
              }
            });
      }
      for (Future<?> each : done) {
        each.get(60, TimeUnit.SECONDS);
      }
      int sum = 0;
      for (int k = 0; k < keys; k++) {
        sum += Integer.parseInt(text(strings.get(bytes("counter" + k))).trim());
      }

      assertThat(sum).isEqualTo(threads * rounds);
      assertThat(store.stats().coldHits()).as("reads of the device").isPositive();
    }
  }

  @Test
  void aScanMeetsEveryKeyThatStaysOnceWhileTheIndexGrows() throws Exception {
    try (Store store = open();
        ExecutorService pool = Executors.newSingleThreadExecutor()) {
      StringKeyspace strings = store.strings();
      int stable = 4000;
      for (int i = 0; i < stable; i++) {
        // Some of them large, so that part of them are on the device.
        strings.put(bytes("stable" + i), new byte[i % 3 == 0 ? 9000 : 10]);
      }
      Future<?> churn =
          pool.submit(() -> {
            for (int i = 0; i < 60_000; i++) {
              strings.put(bytes("new" + i), new byte[16]);
              if (i % 2 == 0) {
                strings.delete(bytes("new" + i / 2));
              }
              if (i % 7 == 0) {
                strings.put(bytes("stable" + i % stable), new byte[i % 9000]);
              }
            }
          });
      for (int scan = 0; scan < 5 || !churn.isDone(); scan++) {
        Map<String, Integer> met = new HashMap<>();
        long cursor = 0;
        do {
          assertThat(cursor).isNotNegative();
          cursor = strings.scan(cursor, 50, (key, info) -> met.merge(text(key), 1, Integer::sum));
        } while (cursor != 0);
        for (int i = 0; i < stable; i++) {
          assertThat(met.get("stable" + i)).as("stable" + i).isEqualTo(1);
        }
      }
      churn.get();
      assertThat(store.stats().deviceReads()).isPositive();
    }
  }

  @Test
  void keysWithATimeToLiveAreCounted() throws Exception {
    try (Store store = open()) {
      StringKeyspace strings = store.strings(2);
      assertThat(store.expiringStrings(2)).isEqualTo(new ExpiringKeys(0, 0));
      long at = System.currentTimeMillis() + 1_000_000;
      for (int n = 0; n < 300; n++) {
        byte[] key = bytes("key " + n);
        strings.put(key, bytes("v"));
        if (n % 3 == 0) {
          strings.update(key, seen -> seen.withExpiry(at));
        }
      }

      awaitExpiring(store, 100);
      assertThat(store.expiringStrings(2).averageMillis()).isBetween(900_000L, 1_000_000L);
      assertThat(store.expiringStrings(0).keys()).isZero();
      strings.update(bytes("key 0"), seen -> seen.withExpiry(StringEntry.NEVER));
      awaitExpiring(store, 99);
      strings.clear();
      awaitExpiring(store, 0);
    }
  }

  private static void awaitExpiring(Store store, long keys) throws InterruptedException {
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (store.expiringStrings(2).keys() != keys) {
      assertThat(System.nanoTime()).as("waited too long").isLessThan(deadline);
      Thread.sleep(20);
    }
  }

  @Test
  void databasesAreApartAndKeepTheirNumbers() {
    try (Store store = open()) {
      for (int database = 0; database < 3; database++) {
        store.strings(database).put(bytes("k"), bytes("of " + database));
      }
      store.swapStrings(0, 2);
      store.strings(1).clear();
      assertThat(store.stringCount(15)).isZero();
    }
    try (Store store = open()) {
      assertThat(text(store.strings(0).get(bytes("k")))).isEqualTo("of 2");
      assertThat(store.strings(1).get(bytes("k"))).isNull();
      assertThat(text(store.strings(2).get(bytes("k")))).isEqualTo("of 0");
      assertThat(store.stringCount(1)).isZero();
      store.clear();
      assertThat(store.stringCount(0) + store.stringCount(2)).isZero();
    }
  }

  @Test
  void aThreadThatRefusesToWaitIsToldSoAndNothingHasChanged() throws Exception {
    try (Store store = open();
        ExecutorService loop = Executors.newSingleThreadExecutor()) {
      StringKeyspace strings = store.strings();
      int keys = 5000;
      for (int i = 0; i < keys; i++) {
        strings.put(bytes("key" + i), Arrays.copyOf(bytes("" + i), 9000));
      }
      store.flush();
      loop.submit(
              () -> {
                store.refuseToWait();
                int waits = 0;
                for (int i = 0; i < keys; i++) {
                  byte[] key = bytes("key" + i);
                  long reads = store.stats().deviceReads();
                  try {
                    assertThat(strings.get(key)).startsWith(bytes("" + i));
                    strings.update(key, seen -> seen.withValue(Arrays.copyOf(bytes("x"), 9000)));
                    assertThat(strings.get(key)).startsWith(bytes("x"));
                  } catch (WouldWaitException e) {
                    waits++;
                  }
                  assertThat(store.stats().deviceReads()).isEqualTo(reads);
                }
                assertThat(waits).isBetween(1, keys - 1);
                assertThatThrownBy(() -> strings.delete(bytes("key1")))
                    .isInstanceOf(WouldWaitException.class);
                return null;
              })
          .get(30, TimeUnit.SECONDS);
      for (int i = 0; i < keys; i++) {
        byte[] value = strings.get(bytes("key" + i));
        assertThat(text(value)).matches("(?s)(x|" + i + ")\0+");
      }
      assertThat(strings.size()).isEqualTo(keys);
    }
  }

  @Test
  void boundedReadsStopBehindTheBoundAndGoOn() {
    try (Store store = open()) {
      StringKeyspace strings = store.strings();
      byte[][] keys = new byte[400][];
      for (int i = 0; i < keys.length; i++) {
        keys[i] = bytes("k" + i);
        strings.put(keys[i], new byte[i % 5 == 0 ? 40_000 : 7]);
      }
      byte[][] values = new byte[keys.length][];
      int from = 0;
      int calls = 0;
      while (from < keys.length) {
        int next = strings.getAll(keys, from, values, 500_000);
        assertThat(next).isGreaterThan(from);
        from = next;
        calls++;
      }

      assertThat(calls).isBetween(4, 20);
      assertThat(Arrays.asList(values)).doesNotContainNull();
    }
  }

  @Test
  void neighbouringHotKeysGoToTheirPlacesInOneGo() {
    try (Store store = open()) {
      StringKeyspace strings = store.strings();
      StringBatch batch = new StringBatch();
      byte[] data = bytes("alphaonebetatwo");
      batch.clear(data);
      batch.add(0, 5, 5, 3);
      batch.add(8, 4, 12, 3);

      assertThat(strings.putAll(batch, 0)).isEqualTo(2);
      assertThat(hot(strings, "alpha")).isEqualTo("one");
      assertThat(hot(strings, "beta")).isEqualTo("two");
      assertThat(hot(strings, "gamma")).isNull();
    }
  }

  private static @Nullable String hot(StringKeyspace strings, String key) {
    StringBatch batch = new StringBatch();
    batch.clear(bytes(key));
    batch.add(0, bytes(key).length);
    byte[] target = new byte[100];
    String[] found = new String[1];
    int[] length = {-1};
    int answered =
        strings.getHot(
            batch,
            0,
            new ValueSink() {
              @Override
              public MemorySegment segment() {
                return MemorySegment.ofArray(target);
              }

              @Override
              public long begin(int n, int valueBytes) {
                length[0] = valueBytes;
                return 10;
              }

              @Override
              public void startOver() {
                throw new AssertionError("single keys are of one time");
              }

              @Override
              public void missing(int n) {
                length[0] = -1;
              }

              @Override
              public void wrongType(int n, ValueType type) {
                throw new AssertionError(type);
              }
            });
    assertThat(answered).isEqualTo(1);
    if (length[0] >= 0) {
      found[0] = new String(target, 10, length[0], StandardCharsets.UTF_8);
    }
    return found[0];
  }

  private static Set<String> keys(StringKeyspace strings) {
    Set<String> keys = new HashSet<>();
    assertThat(strings.scan(0, Integer.MAX_VALUE, (key, info) -> keys.add(text(key)))).isZero();
    return keys;
  }
}

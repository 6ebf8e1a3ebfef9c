package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.compaction.LogOptions;
import dev.emberkv.simulation.SimulatedDisk;
import dev.emberkv.uring.IoFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tag;
import net.jqwik.api.state.Action;
import net.jqwik.api.state.ActionChain;
import net.jqwik.api.state.Transformer;

/**
 * Random histories of hashes against maps, with flushes, power failures and reopens among the
 * changes. Some hashes stay one value, others become rows and are larger than DRAM. What a crash
 * leaves must be one of the states since the last promise, all hashes of the same one.
 */
class HashModelTest {
  private static final int KEYS = 4;
  private static final int FIELDS = 250;
  private static final long MEMORY_BYTES = 6L << 20;
  private static final List<Durability> DURABILITIES = List.of(Durability.values());

  @Property(tries = 12, shrinking = ShrinkingMode.BOUNDED)
  void behavesLikeMaps(@ForAll("histories") ActionChain<Run> chain) {
    chain.run().close();
  }

  @Property(tries = 800, shrinking = ShrinkingMode.BOUNDED)
  @Tag("long")
  void behavesLikeMapsManyTimes(@ForAll("histories") ActionChain<Run> chain) {
    chain.run().close();
  }

  @Provide
  Arbitrary<ActionChain<Run>> histories() {
    return ActionChain.<Run>startWith(Run::new)
        .withAction(10, action("changes", Run::changes))
        .withAction(4, action("reads", Run::reads))
        .withAction(3, action("keys", Run::keys))
        .withAction(2, action("flush", (run, random) -> run.flush()))
        .withAction(3, action("power failure", Run::crash))
        .withAction(2, action("reopen", Run::reopen))
        .withMaxTransformations(25);
  }

  private static Action.Independent<Run> action(String name, RunStep step) {
    return () ->
        Arbitraries.longs()
            .map(seed ->
                Transformer.mutate(name + " " + seed, run -> step.apply(run, new Random(seed))));
  }

  @FunctionalInterface
  private interface RunStep {
    void apply(Run run, Random random);
  }

  /** A store, and what its hashes should be: by key and field, the mark of the value. */
  static final class Run {
    private final Path directory;
    private Durability durability = Durability.EVERYSEC;
    private SimulatedDisk disk = new SimulatedDisk(1);
    private Store store;
    private Map<String, Map<String, Integer>> live = new TreeMap<>();

    /** What a crash may go back to: all that was since the last promise. */
    private final List<Map<String, Map<String, Integer>>> possible = new ArrayList<>();

    private int marks;

    Run() {
      try {
        directory = Files.createTempDirectory("emberkv-hash-model");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      store = open();
      promise();
    }

    private Store open() {
      StoreOptions options =
          StoreOptions.of(directory).withMemoryBytes(MEMORY_BYTES).withDurability(durability);
      SimulatedDisk current = disk;
      return EmberStore.open(
          options, () -> current, log -> log.withSegmentBytes(LogOptions.MIN_SEGMENT_BYTES));
    }

    private static byte[] bytes(String text) {
      return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String key(Random random) {
      return "key-" + random.nextInt(KEYS);
    }

    private static String field(Random random) {
      return random.nextInt(50) == 0 ? "" : "field-" + random.nextInt(FIELDS);
    }

    /** A value that follows from key, field and mark; those of the first key are short. */
    private static byte[] value(String key, String field, int mark) {
      Random random = new Random((key + field).hashCode() * 31L + mark);
      int limit = key.equals("key-0") ? 60 : random.nextInt(20) == 0 ? 40_000 : 9_000;
      byte[] value = new byte[4 + random.nextInt(limit)];
      random.nextBytes(value);
      ByteBuffer.wrap(value).putInt(mark);
      return value;
    }

    /** Returns the mark of a value, all of whose bytes are checked. */
    private static int markOf(String key, String field, byte[] value) {
      int mark = ByteBuffer.wrap(value).getInt();
      assertThat(value).as("%s of %s", field, key).isEqualTo(value(key, field, mark));
      return mark;
    }

    private HashKeyspace hashes() {
      return store.strings().hashes();
    }

    private void changed() {
      live.values().removeIf(Map::isEmpty);
      if (durability == Durability.ALWAYS) {
        promise();
      } else {
        possible.add(copyOf(live)); // cleaning takes checkpoints as well
      }
    }

    private static Map<String, Map<String, Integer>> copyOf(
        Map<String, Map<String, Integer>> state) {
      Map<String, Map<String, Integer>> copy = new TreeMap<>();
      state.forEach((key, fields) -> copy.put(key, new TreeMap<>(fields)));
      return copy;
    }

    private void promise() {
      possible.clear();
      possible.add(copyOf(live));
    }

    void changes(Random random) {
      for (int i = random.nextInt(15); i >= 0; i--) {
        String key = key(random);
        Map<String, Integer> fields = live.computeIfAbsent(key, any -> new TreeMap<>());
        int what = random.nextInt(10);
        if (what < 6) {
          put(random, key, fields);
        } else if (what < 8) {
          update(random, key, fields);
        } else {
          delete(random, key, fields);
        }
        changed();
      }
    }

    private void put(Random random, String key, Map<String, Integer> fields) {
      int before = fields.size();
      List<byte[]> names = new ArrayList<>();
      List<byte[]> values = new ArrayList<>();
      for (int n = random.nextInt(random.nextBoolean() ? 2 : 40); n >= 0; n--) {
        String field = field(random);
        int mark = ++marks;
        names.add(bytes(field));
        values.add(value(key, field, mark));
        fields.put(field, mark);
      }
      assertThat(hashes().put(bytes(key), StringBatch.copyOf(names, values)))
          .isEqualTo(fields.size() - before);
    }

    private void update(Random random, String key, Map<String, Integer> fields) {
      String field = field(random);
      int mark = ++marks;
      boolean onlyNew = random.nextBoolean();
      Integer expected = fields.get(field);
      hashes()
          .update(
              bytes(key),
              bytes(field),
              seen -> {
                assertThat(seen == null ? null : markOf(key, field, seen)).isEqualTo(expected);
                return onlyNew && seen != null ? null : value(key, field, mark);
              });
      if (!onlyNew || expected == null) {
        fields.put(field, mark);
      }
    }

    private void delete(Random random, String key, Map<String, Integer> fields) {
      List<byte[]> names = new ArrayList<>();
      int expected = 0;
      boolean all = random.nextInt(6) == 0;
      List<String> wanted = new ArrayList<>(all ? fields.keySet() : List.of());
      for (int n = random.nextInt(20); n >= 0; n--) {
        wanted.add(field(random));
      }
      for (String field : wanted) {
        names.add(bytes(field));
        expected += fields.remove(field) != null ? 1 : 0;
      }
      assertThat(hashes().delete(bytes(key), names.toArray(byte[][]::new))).isEqualTo(expected);
    }

    void keys(Random random) {
      String key = key(random);
      String target = key(random);
      StringKeyspace strings = store.strings();
      switch (random.nextInt(5)) {
        case 0 -> {
          assertThat(strings.delete(bytes(key))).isEqualTo(live.remove(key) != null);
          changed();
        }
        case 1 -> {
          // over a hash without a look at it
          strings.put(bytes(key), bytes("x"));
          live.remove(key);
          changed();
          strings.delete(bytes(key));
        }
        case 2 -> rename(key, target);
        case 3 -> expire(key);
        default -> {
          strings.clear();
          live.clear();
          store.flush();
          promise();
        }
      }
      assertThat(strings.size()).isEqualTo(live.size());
    }

    /** Keys give values their bytes here, so a renamed hash goes there and back. */
    private void rename(String key, String target) {
      Map<String, Integer> moved = live.get(key);
      if (moved == null || key.equals(target)) {
        return;
      }
      StringKeyspace strings = store.strings();
      strings.copy(bytes(key), store.strings(1), bytes("copy"));
      strings.rename(bytes(key), strings, bytes("elsewhere"));
      assertThat(strings.contains(bytes(key))).isFalse();
      strings.rename(bytes("elsewhere"), strings, bytes(key));
      strings.delete(bytes(key));
      store.strings(1).rename(bytes("copy"), strings, bytes(key));
      store.flush();
      promise();
    }

    private void expire(String key) {
      if (live.containsKey(key)) {
        long now = System.currentTimeMillis();
        store.strings().update(bytes(key), seen -> seen.withExpiry(now));
        live.remove(key);
        changed();
        store.strings().delete(bytes(key));
      }
    }

    void reads(Random random) {
      for (int i = 0; i < 5; i++) {
        String key = key(random);
        Map<String, Integer> fields = live.getOrDefault(key, new TreeMap<>());
        List<byte[]> names = new ArrayList<>();
        List<byte[]> none = new ArrayList<>();
        for (int n = random.nextInt(100); n >= 0; n--) {
          names.add(bytes(field(random)));
          none.add(new byte[0]);
        }
        ArraySink sink = new ArraySink(names.size());
        hashes().getAll(bytes(key), StringBatch.copyOf(names, none), sink);
        for (int n = 0; n < names.size(); n++) {
          String field = new String(names.get(n), StandardCharsets.UTF_8);
          byte[] found = sink.values[n];
          assertThat(found == null ? null : markOf(key, field, found)).isEqualTo(fields.get(field));
          assertThat(hashes().get(bytes(key), names.get(n))).isEqualTo(found);
        }
        assertThat(hashes().size(bytes(key))).isEqualTo(fields.size());
        assertThat(scan(key)).isEqualTo(fields);
      }
    }

    private Map<String, Integer> scan(String key) {
      Map<String, Integer> seen = new TreeMap<>();
      long cursor = 0;
      do {
        cursor =
            hashes().scan(bytes(key), cursor, 20, (field, value) -> add(seen, key, field, value));
      } while (cursor != 0);
      return seen;
    }

    private static void add(Map<String, Integer> seen, String key, byte[] field, byte[] value) {
      String name = new String(field, StandardCharsets.UTF_8);
      assertThat(seen.put(name, markOf(key, name, value))).as("met twice").isNull();
    }

    private Map<String, Map<String, Integer>> readAll() {
      Map<String, Map<String, Integer>> all = new TreeMap<>();
      store
          .strings()
          .scan(
              0,
              Integer.MAX_VALUE,
              (name, info) -> all.put(new String(name, StandardCharsets.UTF_8), new TreeMap<>()));
      all.remove("x");
      all.forEach((key, fields) -> {
        if (key.startsWith("key-") && isHash(key)) {
          hashes()
              .forEach(bytes(key), size -> {}, (field, value) -> add(fields, key, field, value));
        }
      });
      return all;
    }

    private boolean isHash(String key) {
      KeyInfo info = store.strings().info(bytes(key));
      return info != null && info.type() != ValueType.STRING;
    }

    void flush() {
      store.flush();
      promise();
    }

    void crash(Random random) {
      SimulatedDisk crashed = disk.afterCrash(random.nextLong());
      disk.withPowerFor(0);
      try {
        store.close();
      } catch (IoFailure e) {
        assertThat(e).hasMessageContaining("EIO");
      }
      disk = crashed;
      durability = DURABILITIES.get(random.nextInt(DURABILITIES.size()));
      store = open();
      // Strings that were on their way out count as hashes that are gone.
      Map<String, Map<String, Integer>> found = new LinkedHashMap<>(readAll());
      found.keySet().removeIf(key -> !isHash(key));
      assertThat(possible).as("states that a crash may leave").contains(found);
      live = copyOf(found);
      clean();
      promise();
    }

    /** Deletes what was on its way through. */
    private void clean() {
      for (int key = 0; key < KEYS; key++) {
        if (!live.containsKey("key-" + key)) {
          store.strings().delete(bytes("key-" + key));
        }
      }
      store.flush();
    }

    void reopen(Random random) {
      store.close();
      durability = DURABILITIES.get(random.nextInt(DURABILITIES.size()));
      store = open();
      assertThat(readAll()).isEqualTo(live);
      promise();
      awaitRows();
    }

    /** Waits until nothing is left of what was deleted. */
    private void awaitRows() {
      long rows = live.size();
      for (int key = 0; key < KEYS; key++) {
        HashShape shape = hashes().shape(bytes("key-" + key));
        rows += shape != null && shape.hasRows() ? shape.fields() : 0;
      }
      long deadline = System.nanoTime() + 20_000_000_000L;
      while (store.stats().rows() != rows) {
        assertThat(System.nanoTime())
            .as("%d rows, not %d", store.stats().rows(), rows)
            .isLessThan(deadline);
        Thread.onSpinWait();
      }
    }

    void close() {
      store.close();
      try (Stream<Path> files = Files.walk(directory)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}

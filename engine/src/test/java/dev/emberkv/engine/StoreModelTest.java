package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.uring.IoMode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.state.Action;
import net.jqwik.api.state.ActionChain;
import net.jqwik.api.state.Transformer;
import org.jspecify.annotations.Nullable;

/**
 * Random histories of a store against maps. The budget is the smallest and the wide table's rows
 * are many times as much, so rows move between the tiers all the time.
 */
class StoreModelTest {
  private static final int DIM = 1024;
  private static final int ROW_BYTES = DIM * 4;
  private static final int KEYS = 20_000;
  private static final List<Durability> DURABILITIES = List.of(Durability.values());

  @Property(tries = 6, shrinking = ShrinkingMode.BOUNDED)
  void behavesLikeMaps(@ForAll("histories") ActionChain<Run> chain) {
    chain.run().close();
  }

  @Provide
  Arbitrary<ActionChain<Run>> histories() {
    return ActionChain.<Run>startWith(Run::new)
        .withAction(6, putBatch())
        .withAction(6, lookupBatch())
        .withAction(2, deleteBatch())
        .withAction(3, singles())
        .withAction(4, strings())
        .withAction(1, flush())
        .withAction(1, clear())
        .withAction(2, reopen())
        .withMaxTransformations(60);
  }

  private static Action.Independent<Run> action(String name, long bound, RunStep step) {
    return () ->
        Arbitraries.longs()
            .between(0, bound)
            .map(seed ->
                Transformer.mutate(
                    name + " " + seed, run -> step.apply(run, new java.util.Random(seed))));
  }

  @FunctionalInterface
  private interface RunStep {
    void apply(Run run, java.util.Random random);
  }

  private static Action.Independent<Run> putBatch() {
    return action("put batch", Long.MAX_VALUE, Run::putBatch);
  }

  private static Action.Independent<Run> lookupBatch() {
    return action("look up batch", Long.MAX_VALUE, Run::lookupBatch);
  }

  private static Action.Independent<Run> deleteBatch() {
    return action("delete batch", Long.MAX_VALUE, Run::deleteBatch);
  }

  private static Action.Independent<Run> singles() {
    return action("single keys", Long.MAX_VALUE, Run::singles);
  }

  private static Action.Independent<Run> strings() {
    return action("strings", Long.MAX_VALUE, Run::strings);
  }

  private static Action.Independent<Run> flush() {
    return action("flush", 0, (run, random) -> run.store.flush());
  }

  private static Action.Independent<Run> clear() {
    return action("clear or drop", 3, Run::clear);
  }

  private static Action.Independent<Run> reopen() {
    return action("reopen", 2, Run::reopen);
  }

  /** A store, and what it should hold. */
  static final class Run {
    private final Path directory;
    private final Map<Long, Integer> wide = new HashMap<>();
    private final Map<Long, Integer> narrow = new HashMap<>();
    private final Map<String, byte[]> texts = new HashMap<>();
    private int version;
    Store store;
    private Table wideTable;
    private Table narrowTable;

    Run() {
      try {
        directory = Files.createTempDirectory("emberkv-model");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      store = open(Durability.EVERYSEC);
      wideTable = store.createTable(TableSpec.of("wide", DIM));
      narrowTable = store.createTable(TableSpec.of("narrow", 8));
    }

    private Store open(Durability durability) {
      return Store.open(
          StoreOptions.of(directory)
              .withMemoryBytes(32L << 20)
              .withIoMode(IoMode.AUTO)
              .withDurability(durability));
    }

    private static long[] keys(java.util.Random random) {
      int size = 1 + random.nextInt(random.nextBoolean() ? 30 : 3000);
      long[] keys = new long[size];
      for (int i = 0; i < size; i++) {
        // extremes are keys as any other
        keys[i] = random.nextInt(50) == 0 ? -random.nextInt(3) : random.nextInt(KEYS);
      }
      return keys;
    }

    void putBatch(java.util.Random random) {
      long[] keys = keys(random);
      version++;
      put(keys, wideTable, wide, ROW_BYTES);
      put(keys, narrowTable, narrow, 32);
    }

    private void put(long[] keys, Table table, Map<Long, Integer> model, int rowBytes) {
      MemorySegment rows = MemorySegment.ofArray(new byte[keys.length * rowBytes]);
      for (int i = 0; i < keys.length; i++) {
        // duplicates carry different rows; the last one stays
        int mark = version * 10_000 + i;
        Rows.fill(rows, (long) i * rowBytes, keys[i], mark, rowBytes);
        model.put(keys[i], mark);
      }
      table.put(keys, rows);
    }

    void lookupBatch(java.util.Random random) {
      long[] keys = keys(random);
      check(keys, wideTable, wide, ROW_BYTES);
      check(keys, narrowTable, narrow, 32);
    }

    private static void check(long[] keys, Table table, Map<Long, Integer> model, int rowBytes) {
      MemorySegment rows = MemorySegment.ofArray(new byte[keys.length * rowBytes]);
      MemorySegment statuses = MemorySegment.ofArray(new byte[keys.length]);
      table.lookup(MemorySegment.ofArray(keys), rows, statuses);
      for (int i = 0; i < keys.length; i++) {
        checkRow(
            keys[i],
            model.get(keys[i]),
            statuses.get(ValueLayout.JAVA_BYTE, i),
            rows.asSlice((long) i * rowBytes, rowBytes));
      }
      assertThat(table.size()).isEqualTo(model.size());
    }

    private static void checkRow(long key, @Nullable Integer mark, byte status, MemorySegment row) {
      if (mark == null) {
        assertThat(status).as("status of absent %d", key).isEqualTo(RowStatus.MISSING);
      } else {
        assertThat(status).as("status of %d", key).isIn(RowStatus.HOT, RowStatus.COLD);
      }
      int word = mark == null ? 0 : Rows.word(key, mark);
      for (long at = 0; at < row.byteSize(); at += 4) {
        if (row.get(ValueLayout.JAVA_INT_UNALIGNED, at) != word) {
          throw new AssertionError("row %d is wrong at byte %d".formatted(key, at));
        }
      }
    }

    void deleteBatch(java.util.Random random) {
      long[] keys = keys(random);
      long expected = 0;
      for (long key : keys) {
        expected += wide.remove(key) != null ? 1 : 0;
      }
      assertThat(wideTable.delete(MemorySegment.ofArray(keys))).isEqualTo(expected);
    }

    void singles(java.util.Random random) {
      for (int i = 0; i < 20; i++) {
        long key = random.nextInt(KEYS);
        if (random.nextInt(4) == 0) {
          assertThat(narrowTable.delete(key)).isEqualTo(narrow.remove(key) != null);
        } else if (random.nextBoolean()) {
          int mark = ++version * 10_000;
          narrowTable.put(key, MemorySegment.ofArray(Rows.row(key, mark, 32)));
          narrow.put(key, mark);
        }
        MemorySegment row = MemorySegment.ofArray(new byte[32]);
        byte status = narrowTable.get(key, row);
        checkRow(key, narrow.get(key), status, row);
      }
    }

    void strings(java.util.Random random) {
      int size = 1 + random.nextInt(40);
      byte[][] keys = new byte[size][];
      byte[][] values = new byte[size][];
      for (int i = 0; i < size; i++) {
        String text = "key-" + random.nextInt(300);
        keys[i] = text.getBytes(StandardCharsets.UTF_8);
        int limit = random.nextInt(10) == 0 ? 700_000 : 6000;
        values[i] = Rows.row(random.nextLong(), 0, random.nextInt(limit));
        if (random.nextInt(3) == 0) {
          assertThat(store.strings().delete(keys[i])).isEqualTo(texts.remove(text) != null);
        } else if (random.nextBoolean()) {
          store.strings().put(keys[i], values[i]);
          texts.put(text, values[i]);
        }
      }
      if (random.nextBoolean()) {
        store.strings().putAll(keys, values);
        for (int i = 0; i < size; i++) {
          texts.put(new String(keys[i], StandardCharsets.UTF_8), values[i]);
        }
      }
      byte[][] found = store.strings().getAll(keys);
      for (int i = 0; i < size; i++) {
        byte[] expected = texts.get(new String(keys[i], StandardCharsets.UTF_8));
        assertThat(found[i]).isEqualTo(expected);
        assertThat(store.strings().get(keys[i])).isEqualTo(expected);
      }
      assertThat(store.strings().size()).isEqualTo(texts.size());
    }

    void clear(java.util.Random random) {
      switch (random.nextInt(3)) {
        case 0 -> {
          store.strings().clear();
          texts.clear();
        }
        case 1 -> {
          assertThat(store.dropTable("narrow")).isTrue();
          narrowTable = store.createTable(TableSpec.of("narrow", 8));
          narrow.clear();
        }
        default -> {
          store.clear();
          texts.clear();
          wide.clear();
          narrow.clear();
        }
      }
    }

    void reopen(java.util.Random random) {
      store.close();
      store = open(DURABILITIES.get(random.nextInt(DURABILITIES.size())));
      wideTable = store.table("wide").orElseThrow();
      narrowTable = store.table("narrow").orElseThrow();
      long[] all = wide.keySet().stream().mapToLong(Long::longValue).limit(2000).toArray();
      check(all, wideTable, wide, ROW_BYTES);
      assertThat(store.tables())
          .extracting(table -> table.spec().name())
          .isEqualTo(List.of("narrow", "wide"));
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

package dev.emberkv.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.uring.IoMode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StoreTest {
  @TempDir Path directory;

  private StoreOptions options(IoMode mode) {
    return StoreOptions.of(directory).withMemoryBytes(32L << 20).withIoMode(mode);
  }

  @ParameterizedTest
  @EnumSource(
      value = IoMode.class,
      names = {"URING", "PORTABLE"})
  void rowsAreReadBackFromDramAndAfterReopen(IoMode mode) {
    // given a table with three rows
    long[] keys = {0, 7, -1};
    try (Store store = Store.open(options(mode))) {
      Table table = store.createTable(TableSpec.of("t", 8));
      table.put(keys, Rows.packed(keys, 1, 32));
      // then they are there, and others are missing and zero
      check(table, keys, RowStatus.HOT);
      byte[] row = Rows.row(1, 1, 32);
      assertThat(table.get(5, MemorySegment.ofArray(row))).isEqualTo(RowStatus.MISSING);
      assertThat(row).containsOnly(0);
      assertThat(table.size()).isEqualTo(3);
    }
    // when the store is opened again
    try (Store store = Store.open(options(mode))) {
      Table table = store.table("t").orElseThrow();
      assertThat(table.spec()).isEqualTo(TableSpec.of("t", 8));
      // then the rows come from the device first and are in DRAM then
      check(table, keys, RowStatus.COLD);
      check(table, keys, RowStatus.HOT);
      assertThat(table.size()).isEqualTo(3);
    }
  }

  private static void check(Table table, long[] keys, byte status) {
    MemorySegment rows = MemorySegment.ofArray(new byte[keys.length * 32]);
    MemorySegment statuses = MemorySegment.ofArray(new byte[keys.length]);
    table.lookup(MemorySegment.ofArray(keys), rows, statuses);
    for (int i = 0; i < keys.length; i++) {
      assertThat(statuses.get(ValueLayout.JAVA_BYTE, i))
          .as("status of %d", keys[i])
          .isEqualTo(status);
    }
    assertThat(rows.toArray(ValueLayout.JAVA_BYTE))
        .isEqualTo(Rows.packed(keys, 1, 32).toArray(ValueLayout.JAVA_BYTE));
  }

  @ParameterizedTest
  @EnumSource(
      value = IoMode.class,
      names = {"URING", "PORTABLE"})
  void aStoreLargerThanItsMemoryKeepsEverything(IoMode mode) {
    keepsEverything(options(mode), 400_000);
  }

  @ParameterizedTest
  @EnumSource(
      value = IoMode.class,
      names = {"URING", "PORTABLE"})
  void theSmallestBudgetServesTablesOfSeveralWidths(IoMode mode) {
    StoreOptions options = options(mode).withMemoryBytes(StoreOptions.MIN_MEMORY_BYTES);
    int count = 20_000;
    long[] keys = LongStream.range(0, count).toArray();
    try (Store store = Store.open(options)) {
      Table wide = store.createTable(TableSpec.of("wide", 256));
      Table narrow = store.createTable(TableSpec.of("narrow", 16));
      for (int from = 0; from < count; from += 1000) {
        long[] part = LongStream.range(from, from + 1000).toArray();
        wide.put(part, Rows.packed(part, 1, 1024));
        narrow.put(part, Rows.packed(part, 2, 64));
        store.strings().put(("k" + from).getBytes(UTF_8), Rows.row(from, 1, from));
      }
      verify(wide, keys, 1024, 1);
      verify(narrow, keys, 64, 2);
      for (int from = 0; from < count; from += 1000) {
        assertThat(store.strings().get(("k" + from).getBytes(UTF_8)))
            .isEqualTo(Rows.row(from, 1, from));
      }
      // one slab is kept whatever the index takes
      assertThat(store.stats().memoryBytes())
          .isLessThanOrEqualTo(store.stats().memoryLimitBytes() + SlabPool.SLAB_BYTES);
    }
  }

  @Tag("long")
  @ParameterizedTest
  @EnumSource(
      value = IoMode.class,
      names = {"URING", "PORTABLE"})
  void twoMillionRowsInAQuarterOfAGigabyteAreKept(IoMode mode) {
    keepsEverything(options(mode).withMemoryBytes(256L << 20), 2_000_000);
  }

  private static void keepsEverything(StoreOptions options, int count) {
    // given more rows than there is memory for
    long[] keys = LongStream.range(0, count).toArray();
    int rowBytes = 256;
    try (Store store = Store.open(options)) {
      Table table = store.createTable(TableSpec.of("t", 64));
      load(table, count, rowBytes, 3);
      verify(table, keys, rowBytes, 3);
      StoreStats stats = store.stats();
      System.out.println("StoreTest: " + stats);
      assertThat(stats.rows()).isEqualTo(count);
      assertThat(stats.memoryBytes()).isLessThanOrEqualTo(stats.memoryLimitBytes());
      assertThat(stats.evictionsClean() + stats.evictionsDirty()).isPositive();
      assertThat(stats.coldHits()).isPositive();
      // one call a row would be as many submits as reads
      assertThat(stats.deviceSubmits()).isLessThan(stats.deviceReads() / 2);
    }
    // when the store is opened again, then all of them are there, and can be overwritten
    try (Store store = Store.open(options)) {
      Table table = store.table("t").orElseThrow();
      assertThat(table.size()).isEqualTo(count);
      verify(table, keys, rowBytes, 3);
      load(table, count, rowBytes, 4);
      verify(table, keys, rowBytes, 4);
      assertThat(table.size()).isEqualTo(count);
    }
  }

  private static void load(Table table, int count, int rowBytes, int version) {
    for (int from = 0; from < count; from += 10_000) {
      long[] part = LongStream.range(from, from + 10_000).toArray();
      table.put(part, Rows.packed(part, version, rowBytes));
    }
  }

  private static void verify(Table table, long[] keys, int rowBytes, int version) {
    int batch = 8192;
    byte[] rows = new byte[batch * rowBytes];
    for (int from = 0; from < keys.length; from += batch) {
      int size = Math.min(batch, keys.length - from);
      long[] part = java.util.Arrays.copyOfRange(keys, from, from + size);
      table.lookup(part, MemorySegment.ofArray(rows));
      MemorySegment all = MemorySegment.ofArray(rows);
      for (int i = 0; i < size; i++) {
        int word = Rows.word(part[i], version);
        for (int at = 0; at < rowBytes; at += 4) {
          if (all.get(ValueLayout.JAVA_INT_UNALIGNED, (long) i * rowBytes + at) != word) {
            throw new AssertionError("row " + part[i] + " is wrong at byte " + at);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = IoMode.class,
      names = {"URING", "PORTABLE"})
  void stringsOfAllSizesAreKept(IoMode mode) {
    int[] sizes = {0, 1, 100, 4000, 4090, 5000, 70_000, 600_000, StringKeyspace.MAX_VALUE_BYTES};
    try (Store store = Store.open(options(mode))) {
      for (int size : sizes) {
        store.strings().put(("k" + size).getBytes(UTF_8), Rows.row(size, 1, size));
      }
      checkStrings(store, sizes);
      assertThat(store.strings().delete("k100".getBytes(UTF_8))).isTrue();
      assertThat(store.strings().delete("k100".getBytes(UTF_8))).isFalse();
    }
    try (Store store = Store.open(options(mode))) {
      assertThat(store.strings().get("k100".getBytes(UTF_8))).isNull();
      store.strings().put("k100".getBytes(UTF_8), Rows.row(100, 1, 100));
      checkStrings(store, sizes);
      store.strings().clear();
      assertThat(store.strings().size()).isZero();
      assertThat(store.strings().get("k1".getBytes(UTF_8))).isNull();
    }
    try (Store store = Store.open(options(mode))) {
      assertThat(store.strings().size()).isZero();
    }
  }

  private static void checkStrings(Store store, int[] sizes) {
    byte[][] keys = new byte[sizes.length][];
    for (int i = 0; i < sizes.length; i++) {
      keys[i] = ("k" + sizes[i]).getBytes(UTF_8);
      assertThat(store.strings().get(keys[i])).isEqualTo(Rows.row(sizes[i], 1, sizes[i]));
      assertThat(store.strings().valueLength(keys[i])).isEqualTo(sizes[i]);
    }
    byte[][] values = store.strings().getAll(keys);
    for (int i = 0; i < sizes.length; i++) {
      assertThat(values[i]).isEqualTo(Rows.row(sizes[i], 1, sizes[i]));
    }
    assertThat(store.strings().size()).isEqualTo(sizes.length);
  }

  @ParameterizedTest
  @EnumSource(Durability.class)
  void deletedRowsAndDroppedTablesStayAway(Durability durability) {
    StoreOptions options = options(IoMode.AUTO).withDurability(durability);
    long[] keys = LongStream.range(0, 1000).toArray();
    try (Store store = Store.open(options)) {
      Table kept = store.createTable(TableSpec.of("kept", 16));
      Table dropped = store.createTable(TableSpec.of("dropped", 16));
      kept.put(keys, Rows.packed(keys, 1, 64));
      dropped.put(keys, Rows.packed(keys, 1, 64));
      store.flush();
      assertThat(kept.delete(MemorySegment.ofArray(LongStream.range(0, 500).toArray())))
          .isEqualTo(500);
      assertThat(kept.delete(1)).isFalse();
      kept.put(2, MemorySegment.ofArray(Rows.row(2, 9, 64)));
      assertThat(store.dropTable("dropped")).isTrue();
      assertThat(store.dropTable("dropped")).isFalse();
      assertThatThrownBy(() -> dropped.size()).hasMessageContaining("dropped");
      assertThatThrownBy(() -> store.createTable(TableSpec.of("kept", 16)))
          .hasMessageContaining("exists");
    }
    try (Store store = Store.open(options)) {
      Table kept = store.table("kept").orElseThrow();
      assertThat(store.table("dropped")).isEmpty();
      assertThat(kept.size()).isEqualTo(501);
      byte[] row = new byte[64];
      assertThat(kept.get(2, MemorySegment.ofArray(row))).isEqualTo(RowStatus.COLD);
      assertThat(row).isEqualTo(Rows.row(2, 9, 64));
      assertThat(kept.get(3, MemorySegment.ofArray(row))).isEqualTo(RowStatus.MISSING);
      // a new table under the old name is empty, whatever id it got
      Table again = store.createTable(TableSpec.of("dropped", 16));
      assertThat(again.size()).isZero();
      assertThat(again.get(3, MemorySegment.ofArray(row))).isEqualTo(RowStatus.MISSING);
    }
  }

  @Test
  void oneReadInSixtyFourIsTimedForTheTierThatItTook() {
    MemorySegment row = MemorySegment.ofArray(new byte[32]);
    try (Store store = Store.open(options(IoMode.AUTO))) {
      store.createTable(TableSpec.of("t", 8)).put(1, row);
    }
    try (Store store = Store.open(options(IoMode.AUTO))) {
      Table table = store.table("t").orElseThrow();
      // when
      assertThat(table.get(1, row)).isEqualTo(RowStatus.COLD);
      for (int i = 0; i < 3 * Guard.SAMPLE; i++) {
        assertThat(table.get(1, row)).isEqualTo(RowStatus.HOT);
      }
      // then
      ReadLatency cold = store.stats().coldLatency();
      ReadLatency hot = store.stats().hotLatency();
      assertThat(cold.samples()).isEqualTo(1);
      assertThat(hot.samples()).isEqualTo(3);
      assertThat(hot.p50Nanos()).isPositive().isLessThanOrEqualTo(hot.p99Nanos());
      assertThat(hot.p99Nanos()).isLessThanOrEqualTo(hot.p999Nanos());
      assertThat(cold.p50Nanos()).isPositive();
      assertThat(cold.maxNanos()).isGreaterThanOrEqualTo(cold.p50Nanos());
    }
  }
}

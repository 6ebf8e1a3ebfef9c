package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.compaction.CorruptionException;
import dev.emberkv.compaction.SegmentedLog;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Damaged rows can't be read, but overwriting heals them, and deleting removes them. */
class StoreDamageTest {
  private static final int DIM = 16;
  private static final int ROW_BYTES = DIM * Float.BYTES;
  private static final int HEADER_BYTES = 32;
  private static final int KEY_OFFSET = 8;

  @TempDir private Path directory;

  private Store open(Durability durability) {
    return Store.open(
        StoreOptions.of(directory).withMemoryBytes(8L << 20).withDurability(durability));
  }

  @ParameterizedTest
  @EnumSource(Durability.class)
  void aWriteReplacesWhatIsDamagedAndADeletionRemovesIt(Durability durability) throws IOException {
    // given: rows and strings; of each kind of write one is damaged in what it says
    try (Store store = open(durability)) {
      Table table = store.createTable(TableSpec.of("rows", DIM));
      for (long key = 0; key < 20; key++) {
        table.put(key, MemorySegment.ofArray(Rows.row(key, 1, ROW_BYTES)));
        store.strings().put(text("key", key), text("a value of some length", key));
      }
    }
    Path volume = directory.resolve(SegmentedLog.VOLUME_NAME);
    byte[] bytes = Files.readAllBytes(volume);
    for (long key = 1; key <= 4; key++) {
      bytes[indexOf(bytes, Rows.row(key, 1, ROW_BYTES), 32) + 5] ^= 64;
      bytes[indexOf(bytes, text("a value of some length", key), 1) + 1] ^= 64;
    }
    Files.write(volume, bytes);

    try (Store store = open(durability)) {
      Table table = store.table("rows").orElseThrow();
      for (long key = 1; key <= 4; key++) {
        long damaged = key;
        assertThatThrownBy(() -> read(table, damaged)).isInstanceOf(CorruptionException.class);
        assertThatThrownBy(() -> store.strings().get(text("key", damaged)))
            .isInstanceOf(CorruptionException.class);
      }
      // when
      table.put(1, MemorySegment.ofArray(Rows.row(1, 2, ROW_BYTES)));
      table.put(
          MemorySegment.ofArray(new long[] {2}), MemorySegment.ofArray(Rows.row(2, 2, ROW_BYTES)));
      assertThat(table.delete(3)).isTrue();
      assertThat(table.delete(MemorySegment.ofArray(new long[] {4}))).isEqualTo(1);
      store.strings().put(text("key", 1), text("new", 1));
      store.strings().put(text("key", 2), text("new", 2));
      assertThat(store.strings().delete(text("key", 3))).isTrue();
      assertThat(store.strings().deleteAll(new byte[][] {text("key", 4)})).isEqualTo(1);
      // then
      assertHealed(store, table);
      store.checkpoint();
    }
    try (Store store = open(durability)) {
      assertHealed(store, store.table("rows").orElseThrow());
    }
  }

  private static void assertHealed(Store store, Table table) {
    assertThat(table.size()).isEqualTo(18);
    assertThat(store.strings().size()).isEqualTo(18);
    for (long key = 0; key < 20; key++) {
      boolean deleted = key == 3 || key == 4;
      boolean overwritten = key == 1 || key == 2;
      assertThat(read(table, key))
          .isEqualTo(deleted ? null : Rows.row(key, overwritten ? 2 : 1, ROW_BYTES));
      byte[] value = overwritten ? text("new", key) : text("a value of some length", key);
      assertThat(store.strings().get(text("key", key))).isEqualTo(deleted ? null : value);
    }
  }

  @ParameterizedTest
  @EnumSource(Durability.class)
  void alsoWhenTheDamageIsInTheKeyFieldWhileTheStoreRuns(Durability durability) throws IOException {
    // given: a store that knows where its rows are, and has none of them in DRAM
    try (Store store = open(durability)) {
      Table table = store.createTable(TableSpec.of("rows", DIM));
      for (long key = 0; key < 20; key++) {
        table.put(key, MemorySegment.ofArray(Rows.row(key, 1, ROW_BYTES)));
      }
    }
    try (Store store = open(durability)) {
      Path volume = directory.resolve(SegmentedLog.VOLUME_NAME);
      byte[] bytes = Files.readAllBytes(volume);
      for (long key = 5; key <= 6; key++) {
        int record = indexOf(bytes, Rows.row(key, 1, ROW_BYTES), 32) - HEADER_BYTES;
        bytes[record + KEY_OFFSET] ^= 64;
      }
      Files.write(volume, bytes);
      Table table = store.table("rows").orElseThrow();
      assertThatThrownBy(() -> read(table, 5)).isInstanceOf(CorruptionException.class);
      // when
      table.put(5, MemorySegment.ofArray(Rows.row(5, 2, ROW_BYTES)));
      assertThat(table.delete(6)).isTrue();
      // then
      assertThat(read(table, 5)).isEqualTo(Rows.row(5, 2, ROW_BYTES));
      assertThat(read(table, 6)).isNull();
      assertThat(table.size()).isEqualTo(19);
    }
    try (Store store = open(durability)) {
      Table table = store.table("rows").orElseThrow();
      assertThat(read(table, 5)).isEqualTo(Rows.row(5, 2, ROW_BYTES));
      assertThat(read(table, 6)).isNull();
    }
  }

  private static byte @Nullable [] read(Table table, long key) {
    byte[] row = new byte[ROW_BYTES];
    return table.get(key, MemorySegment.ofArray(row)) == RowStatus.MISSING ? null : row;
  }

  private static byte[] text(String prefix, long key) {
    return (prefix + " " + (100 + key)).getBytes(StandardCharsets.UTF_8);
  }

  private static int indexOf(byte[] bytes, byte[] wanted, int step) {
    for (int at = 0; at < 1 << 20; at += step) {
      if (Arrays.equals(bytes, at, at + wanted.length, wanted, 0, wanted.length)) {
        return at;
      }
    }
    throw new AssertionError("it is not in the first MiB");
  }
}

package dev.emberkv.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.engine.Durability;
import dev.emberkv.engine.RowStatus;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreOptions;
import dev.emberkv.engine.Table;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

/** Stores and rows of the tests: a row's bytes are a function of its id and version. */
final class TestRows {
  static final long MEMORY_BYTES = 32L << 20;

  private TestRows() {}

  static Store open(Path directory) {
    return Store.open(
        StoreOptions.of(directory)
            .withMemoryBytes(MEMORY_BYTES)
            .withDurability(Durability.CHECKPOINT));
  }

  /** Writes the rows of 0..count-1. */
  static void fill(Table table, int count, int version) {
    for (int first = 0; first < count; first += 1000) {
      long[] keys = new long[Math.min(1000, count - first)];
      for (int i = 0; i < keys.length; i++) {
        keys[i] = (long) first + i;
      }
      table.put(keys, packed(keys, version, table.spec().rowBytes()));
    }
  }

  static MemorySegment packed(long[] keys, int version, int rowBytes) {
    byte[] rows = new byte[keys.length * rowBytes];
    for (int i = 0; i < keys.length; i++) {
      write(rows, i * rowBytes, keys[i], version, rowBytes);
    }
    return MemorySegment.ofArray(rows);
  }

  /** The version is in the first byte, everything else follows from it and the id. */
  private static void write(byte[] rows, int at, long key, int version, int rowBytes) {
    long word = (key + 1) * 0xbf58476d1ce4e5b9L + (long) version * 0x9e3779b97f4a7c15L;
    for (int i = 0; i < rowBytes; i++) {
      word = word * 6364136223846793005L + 1442695040888963407L;
      rows[at + i] = (byte) (word >>> 56);
    }
    rows[at] = (byte) version;
  }

  /** Returns the version that a row was written with, or -1 when it is not a row of that id. */
  static int versionOf(MemorySegment rows, long at, long key, int rowBytes) {
    byte[] found = rows.asSlice(at, rowBytes).toArray(ValueLayout.JAVA_BYTE);
    byte[] expected = new byte[rowBytes];
    write(expected, 0, key, found[0] & 0xff, rowBytes);
    return Arrays.equals(found, expected) ? found[0] & 0xff : -1;
  }

  /** Draws ids of which many come twice, and some are not in a table of {@code rows} rows. */
  static long[] keys(SplittableRandom random, int count, int rows) {
    long[] keys = new long[count];
    for (int i = 0; i < count; i++) {
      keys[i] =
          switch (random.nextInt(8)) {
            case 0 -> random.nextInt(4);
            case 1 -> -1 - random.nextInt(100);
            default -> random.nextInt(rows);
          };
    }
    return keys;
  }

  /** Requires that a batch holds what the table says, row by row, status by status. */
  static void requireRows(DeviceBatch batch, Table table, long[] keys) {
    int rowBytes = batch.rowBytes();
    byte[] rows = new byte[batch.rowCount() * rowBytes];
    batch.copyTo(MemorySegment.ofArray(rows));
    byte[] expected = new byte[keys.length * rowBytes];
    byte[] statuses = new byte[keys.length];
    table.lookup(
        MemorySegment.ofArray(keys),
        MemorySegment.ofArray(expected),
        MemorySegment.ofArray(statuses));
    assertThat(batch.count()).isEqualTo(keys.length);
    Map<Long, Integer> places = new HashMap<>();
    for (int i = 0; i < keys.length; i++) {
      int row = i;
      if (batch.layout() == BatchLayout.UNIQUE) {
        row = places.computeIfAbsent(keys[i], _ -> places.size());
      }
      assertThat(
              Arrays.equals(
                  rows,
                  row * rowBytes,
                  (row + 1) * rowBytes,
                  expected,
                  i * rowBytes,
                  (i + 1) * rowBytes))
          .as("row of id %d at %d", keys[i], i)
          .isTrue();
      // a row may have changed its tier since the batch was read
      assertThat(batch.status(i) == RowStatus.MISSING)
          .as("id %d is missing", keys[i])
          .isEqualTo(statuses[i] == RowStatus.MISSING);
    }
    if (batch.layout() == BatchLayout.UNIQUE) {
      assertThat(batch.rowCount()).isEqualTo(places.size());
    }
  }
}

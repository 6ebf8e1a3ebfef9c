package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * What the crash tests do to a store: batches that follow from a seed and their number, over keys
 * that are few enough to be overwritten often and rows that are too large to stay in DRAM. Every
 * value names the batch that wrote it.
 */
final class CrashWorkload {
  static final int ROWS = 1500;
  static final int KEYS = ROWS + 150;
  static final long MEMORY_BYTES = 6L << 20;

  private static final int DIM = 512;
  private static final int ROW_BYTES = DIM * Float.BYTES;
  private static final String TABLE = "rows";

  private CrashWorkload() {}

  /** What a batch does. */
  enum Kind {
    PUT,
    DELETE,
    CLEAR_STRINGS
  }

  /** A batch: keys below {@link #ROWS} are ids of the table's rows, the others string keys. */
  static final class Batch {
    final int id;
    final Kind kind;
    final int[] keys;

    Batch(int id, Kind kind, int[] keys) {
      this.id = id;
      this.kind = kind;
      this.keys = keys;
    }
  }

  static Batch batch(long seed, int id) {
    Random random = new Random(seed * 31 + id * 0x9e3779b97f4a7c15L);
    int what = random.nextInt(100);
    if (what == 0) {
      int[] all = new int[KEYS - ROWS];
      Arrays.setAll(all, i -> ROWS + i);
      return new Batch(id, Kind.CLEAR_STRINGS, all);
    }
    boolean strings = random.nextInt(3) == 0;
    int first = strings ? ROWS : 0;
    int bound = strings ? KEYS - ROWS : ROWS;
    int count = random.nextInt(3) == 0 ? 1 : 1 + random.nextInt(30);
    int[] keys =
        random
            .ints(count, 0, bound)
            .map(key -> first + (random.nextBoolean() ? key % 16 : key))
            .distinct()
            .toArray();
    return new Batch(id, what < 20 ? Kind.DELETE : Kind.PUT, keys);
  }

  /** Returns the table, which a crash may have taken. */
  static Table table(Store store) {
    return store.table(TABLE).orElseGet(() -> store.createTable(TableSpec.of(TABLE, DIM)));
  }

  static void apply(Store store, Batch batch) {
    boolean strings = batch.keys[0] >= ROWS;
    if (batch.kind == Kind.CLEAR_STRINGS) {
      store.strings().clear();
    } else if (strings) {
      applyToStrings(store, batch);
    } else {
      long[] ids = Arrays.stream(batch.keys).asLongStream().toArray();
      if (batch.kind == Kind.DELETE) {
        table(store).delete(MemorySegment.ofArray(ids));
      } else {
        byte[] rows = new byte[ids.length * ROW_BYTES];
        for (int i = 0; i < ids.length; i++) {
          byte[] row = value(batch.keys[i], batch.id);
          System.arraycopy(row, 0, rows, i * ROW_BYTES, ROW_BYTES);
        }
        table(store).put(ids, MemorySegment.ofArray(rows));
      }
    }
  }

  private static void applyToStrings(Store store, Batch batch) {
    if (batch.kind == Kind.DELETE) {
      // string keys are deleted one by one: only the first is this batch's
      store.strings().delete(name(batch.keys[0]));
      return;
    }
    byte[][] names = new byte[batch.keys.length][];
    byte[][] values = new byte[batch.keys.length][];
    for (int i = 0; i < names.length; i++) {
      names[i] = name(batch.keys[i]);
      values[i] = value(batch.keys[i], batch.id);
    }
    store.strings().putAll(names, values);
  }

  /** Returns the keys that a batch really changes. */
  static int[] changed(Batch batch) {
    boolean strings = batch.keys[0] >= ROWS;
    return strings && batch.kind == Kind.DELETE ? new int[] {batch.keys[0]} : batch.keys;
  }

  private static byte[] name(int key) {
    return ("key-" + key).getBytes(java.nio.charset.StandardCharsets.UTF_8);
  }

  private static byte[] value(int key, int batch) {
    int words = key < ROWS ? DIM : 2 + Math.floorMod(key * 31 + batch * 7, 700);
    ByteBuffer value = ByteBuffer.allocate(words * 4).order(ByteOrder.LITTLE_ENDIAN);
    value.putInt(batch);
    while (value.hasRemaining()) {
      value.putInt(Rows.word(key, batch));
    }
    return value.array();
  }

  /** Returns which batch wrote each key, 0 for a key that is missing, and checks all bytes. */
  static int[] read(Store store) {
    int[] found = new int[KEYS];
    store.table(TABLE).ifPresent(table -> readRows(table, found));
    for (int key = ROWS; key < KEYS; key++) {
      found[key] = batchOf(key, store.strings().get(name(key)));
    }
    return found;
  }

  private static void readRows(Table table, int[] found) {
    long[] ids = new long[ROWS];
    Arrays.setAll(ids, i -> i);
    MemorySegment rows = MemorySegment.ofArray(new byte[ROWS * ROW_BYTES]);
    MemorySegment statuses = MemorySegment.ofArray(new byte[ROWS]);
    table.lookup(MemorySegment.ofArray(ids), rows, statuses);
    for (int key = 0; key < ROWS; key++) {
      boolean missing = statuses.get(ValueLayout.JAVA_BYTE, key) == RowStatus.MISSING;
      MemorySegment row = rows.asSlice((long) key * ROW_BYTES, ROW_BYTES);
      found[key] = missing ? 0 : batchOf(key, row.toArray(ValueLayout.JAVA_BYTE));
    }
  }

  /** Returns the batch that a value names, and checks that all of it is of that batch and key. */
  static int batchOf(int key, byte @Nullable [] value) {
    if (value == null) {
      return 0;
    }
    int batch = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).getInt();
    assertThat(value).as("key %d of batch %d", key, batch).isEqualTo(value(key, batch));
    return batch;
  }
}

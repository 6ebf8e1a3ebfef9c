package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.compaction.CorruptionException;
import dev.emberkv.compaction.LogOptions;
import dev.emberkv.simulation.SimulatedDisk;
import dev.emberkv.uring.IoFailure;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A disk that fails and flips bits now and then: an answer is an error or right, never wrong, and
 * what was acknowledged is there when the disk is well again.
 */
class StoreFaultTest {
  private static final int ROWS = 1200;
  private static final int DIM = 512;
  private static final int ROW_BYTES = DIM * Float.BYTES;

  @TempDir private Path directory;

  private Store open(SimulatedDisk disk, Durability durability) {
    StoreOptions options =
        StoreOptions.of(directory).withMemoryBytes(4L << 20).withDurability(durability);
    return EmberStore.open(
        options, () -> disk, log -> log.withSegmentBytes(LogOptions.MIN_SEGMENT_BYTES));
  }

  @ParameterizedTest
  @ValueSource(ints = {32, 1000})
  void answersAreErrorsOrRight(int oneIn) {
    long first = Long.getLong("seed", System.nanoTime());
    for (long seed = first; seed < first + (Long.getLong("seed") == null ? 12 : 1); seed++) {
      try {
        run(seed, oneIn);
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("-Dseed=%d, one fault in %d".formatted(seed, oneIn), e);
      }
    }
  }

  private void run(long seed, int oneIn) {
    Random random = new Random(seed);
    SimulatedDisk disk = new SimulatedDisk(seed);
    // what each row is, or may be when a write of it failed
    Map<Long, int[]> expected = new HashMap<>();
    int errors = 0;
    try (Store store = open(disk, Durability.ALWAYS)) {
      Table table = store.createTable(TableSpec.of("rows", DIM));
      disk.withFaults(oneIn, oneIn);
      for (int version = 1; version < 400; version++) {
        long[] keys = random.longs(1 + random.nextInt(8), 0, ROWS).distinct().toArray();
        try {
          if (random.nextInt(3) == 0) {
            check(table, keys, expected);
          } else {
            put(table, keys, version, expected);
          }
        } catch (IoFailure | CorruptionException e) {
          errors++;
        }
      }
      disk.withFaults(0, 0);
    } catch (IoFailure e) {
      errors++;
    }
    if (disk.failures() > 0) {
      assertThat(errors).as("errors after %d failures", disk.failures()).isPositive();
    }
    try (Store store = open(disk.afterCrash(seed), Durability.ALWAYS)) {
      Table table = store.table("rows").orElseThrow();
      long[] all = new long[ROWS];
      Arrays.setAll(all, i -> i);
      check(table, all, expected);
    }
  }

  @Test
  void aBitThatFlipsOnTheWayIsReadAgain() {
    SimulatedDisk disk = new SimulatedDisk(1);
    long[] keys = new long[4000];
    Arrays.setAll(keys, i -> i);
    int cold = 0;
    try (Store store = open(disk, Durability.EVERYSEC)) {
      Table table = store.createTable(TableSpec.of("rows", DIM));
      table.put(keys, Rows.packed(keys, 1, ROW_BYTES));
      store.flush();
      byte[] row = new byte[ROW_BYTES];
      for (int key = 0; key < 200; key++) {
        disk.flipNextRead();
        byte status = table.get(key, MemorySegment.ofArray(row));
        cold += status == RowStatus.COLD ? 1 : 0;
        assertThat(row).as("row %d", key).isEqualTo(Rows.row(key, 1, ROW_BYTES));
      }
    }
    assertThat(cold).isGreaterThan(100);
  }

  private static void put(Table table, long[] keys, int version, Map<Long, int[]> expected) {
    boolean done = false;
    try {
      table.put(keys, Rows.packed(keys, version, ROW_BYTES));
      done = true;
    } finally {
      for (long key : keys) {
        int[] before = expected.getOrDefault(key, new int[1]);
        int[] after = Arrays.copyOf(before, before.length + 1);
        after[before.length] = version;
        expected.put(key, done ? new int[] {version} : after);
      }
    }
  }

  private static void check(Table table, long[] keys, Map<Long, int[]> expected) {
    MemorySegment rows = MemorySegment.ofArray(new byte[keys.length * ROW_BYTES]);
    table.lookup(MemorySegment.ofArray(keys), rows, MemorySegment.NULL);
    for (int i = 0; i < keys.length; i++) {
      byte[] row = rows.asSlice((long) i * ROW_BYTES, ROW_BYTES).toArray(ValueLayout.JAVA_BYTE);
      long key = keys[i];
      int[] possible = expected.getOrDefault(key, new int[1]);
      assertThat(Arrays.stream(possible).anyMatch(version -> isVersion(row, key, version)))
          .as("row %d is one of the versions %s", key, Arrays.toString(possible))
          .isTrue();
    }
  }

  private static boolean isVersion(byte[] row, long key, int version) {
    byte[] wanted = version == 0 ? new byte[ROW_BYTES] : Rows.row(key, version, ROW_BYTES);
    return Arrays.equals(row, wanted);
  }

  @Test
  void aFailedWriteTurnsTheStoreReadOnlyAndNamesTheFile() {
    for (Durability durability : Durability.values()) {
      SimulatedDisk disk = new SimulatedDisk(durability.name().hashCode());
      try (Store store = open(disk, durability)) {
        // given: a row in DRAM, and a failed sync
        Table table = store.createTable(TableSpec.of("rows", DIM));
        MemorySegment row = MemorySegment.ofArray(Rows.row(7, 1, ROW_BYTES));
        table.put(7, row);
        store.flush();
        disk.failSync(1);
        assertThatThrownBy(
                () -> {
                  table.put(7, row);
                  store.flush();
                })
            .isInstanceOf(IoFailure.class);

        // then: no write is taken, not even one in place; reads go on
        assertThatThrownBy(() -> table.put(7, row))
            .isInstanceOf(IoFailure.class)
            .hasMessageContaining("read-only")
            .hasMessageContaining("fdatasync")
            .hasMessageContaining("volume-0.ember")
            .hasMessageContaining("EIO");
        assertThatThrownBy(() -> table.delete(7)).hasMessageContaining("read-only");
        assertThatThrownBy(() -> store.strings().put(new byte[1], new byte[1]))
            .hasMessageContaining("read-only");
        assertThatThrownBy(() -> store.createTable(TableSpec.of("other", DIM)))
            .hasMessageContaining("read-only");
        assertThat(store.table("other")).isEmpty();
        assertThat(table.get(7, MemorySegment.ofArray(new byte[ROW_BYTES])))
            .isEqualTo(RowStatus.HOT);
      } catch (IoFailure e) {
        assertThat(e).hasMessageContaining("read-only");
      }
    }
  }
}

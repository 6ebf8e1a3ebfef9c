package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.emberkv.compaction.LogOptions;
import dev.emberkv.compaction.StoreFullException;
import dev.emberkv.simulation.SimulatedDisk;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Space that comes back: overwritten and deleted rows, a full store, and what survives all that.
 */
class StoreCleaningTest {
  private static final int DIM = 64;
  private static final int ROW_BYTES = DIM * Float.BYTES;
  private static final long LIMIT = 24L << 20;
  private static final int BATCH = 500;

  @TempDir private Path directory;

  private StoreOptions options(long limitBytes) {
    return StoreOptions.of(directory).withMemoryBytes(6L << 20).withDiskLimitBytes(limitBytes);
  }

  /** Writes rows that tell their id and version. */
  private static void put(Table table, long[] ids, int version) {
    MemorySegment rows = MemorySegment.ofArray(new byte[ids.length * ROW_BYTES]);
    for (int i = 0; i < ids.length; i++) {
      for (int word = 0; word < DIM; word++) {
        rows.set(
            ValueLayout.JAVA_INT_UNALIGNED,
            (long) i * ROW_BYTES + word * 4L,
            word(ids[i], version, word));
      }
    }
    table.put(ids, rows);
  }

  private static int word(long id, int version, int word) {
    return word == 0 ? version : (int) (id * 31 + version * 7L + word);
  }

  /** Returns the version of each row, 0 for a missing one, and checks that rows are whole. */
  private static int[] versions(Table table, int rows) {
    long[] ids = new long[rows];
    Arrays.setAll(ids, i -> i);
    MemorySegment content = MemorySegment.ofArray(new byte[rows * ROW_BYTES]);
    MemorySegment statuses = MemorySegment.ofArray(new byte[rows]);
    table.lookup(MemorySegment.ofArray(ids), content, statuses);
    int[] versions = new int[rows];
    for (int id = 0; id < rows; id++) {
      if (statuses.get(ValueLayout.JAVA_BYTE, id) == RowStatus.MISSING) {
        continue;
      }
      long row = (long) id * ROW_BYTES;
      versions[id] = content.get(ValueLayout.JAVA_INT_UNALIGNED, row);
      for (int word = 1; word < DIM; word++) {
        assertThat(content.get(ValueLayout.JAVA_INT_UNALIGNED, row + word * 4L))
            .isEqualTo(word(id, versions[id], word));
      }
    }
    return versions;
  }

  private static long[] range(int from, int to) {
    long[] ids = new long[to - from];
    Arrays.setAll(ids, i -> from + i);
    return ids;
  }

  @Test
  void overwritingManyTimesWhatADiskHoldsNeedsNoMoreOfIt() {
    int rows = 40_000;
    int[] expected = new int[rows];
    Random random = new Random(3);
    try (Store store = Store.open(options(LIMIT))) {
      Table table = store.createTable(TableSpec.of("t", DIM));
      for (int from = 0; from < rows; from += BATCH) {
        put(table, range(from, from + BATCH), 1);
      }
      Arrays.fill(expected, 1);
      // when: five times the disk is written
      for (int version = 2; version < 900; version++) {
        long[] ids = random.longs(BATCH, 0, rows).distinct().toArray();
        put(table, ids, version);
        for (long id : ids) {
          expected[(int) id] = version;
        }
      }
      // then
      SpaceStats space = store.stats().space();
      assertThat(space.segmentsCleaned()).isGreaterThan(100);
      assertThat(space.volumeBytes()).isLessThanOrEqualTo(LIMIT);
      assertThat(store.stats().diskBytes()).isLessThanOrEqualTo(LIMIT);
      assertThat(space.userBytes()).isGreaterThan(4 * LIMIT);
      assertThat(versions(table, rows)).isEqualTo(expected);
    }
    try (Store store = Store.open(options(LIMIT))) {
      assertThat(versions(store.table("t").orElseThrow(), rows)).isEqualTo(expected);
    }
  }

  @Test
  void aFullStoreRefusesWritesAndTakesThemAgainAfterDeletes() {
    int step = 1000;
    int rows = 0;
    int[] expected;
    try (Store store = Store.open(options(LIMIT))) {
      Table table = store.createTable(TableSpec.of("t", DIM));
      // when: all the room is taken
      StoreFullException full = null;
      while (full == null) {
        long[] ids = range(rows, rows + step);
        full = catchThrowableOfType(StoreFullException.class, () -> put(table, ids, 1));
        rows += full == null ? step : 0;
      }
      // then
      assertThat(full.limitBytes()).isEqualTo(LIMIT);
      assertThat(full.usedBytes()).isBetween(LIMIT * 3 / 4, LIMIT);
      assertThat(rows * 288L).isGreaterThan(LIMIT * 2 / 3);
      expected = new int[rows];
      Arrays.fill(expected, 1);
      assertThat(versions(table, rows)).isEqualTo(expected);
      store.flush();

      // when: a third is deleted
      int gone = rows / 3;
      for (int from = 0; from < gone; from += step) {
        table.delete(MemorySegment.ofArray(range(from, Math.min(gone, from + step))));
      }
      Arrays.fill(expected, 0, gone, 0);
      // then: as many rows as before, but for a few, find room at once
      for (int from = 0; from + step < gone * 3 / 4; from += step) {
        put(table, range(from, from + step), 2);
        Arrays.fill(expected, from, from + step, 2);
      }
      assertThat(versions(table, rows)).isEqualTo(expected);
    }
    try (Store store = Store.open(options(LIMIT))) {
      assertThat(versions(store.table("t").orElseThrow(), rows)).isEqualTo(expected);
    }
  }

  @Test
  void anIdleStoreGivesTheSpaceOfDeletedRowsBack() {
    int rows = 120_000;
    try (Store store = Store.open(options(200L << 20))) {
      Table table = store.createTable(TableSpec.of("t", DIM));
      for (int from = 0; from < rows; from += BATCH) {
        put(table, range(from, from + BATCH), 1);
      }
      store.flush();
      long before = store.stats().diskBytes();
      // when
      for (int from = 0; from < rows; from += 10) {
        table.delete(MemorySegment.ofArray(range(from + 1, from + 10)));
      }
      store.flush();
      // then
      long liveBytes = rows / 10 * 293L;
      long segmentsBeingFilled = 2L << 20;
      awaitDisk(store, liveBytes * 6 / 5 + segmentsBeingFilled); // no room for the tombstones
      assertThat(store.stats().diskBytes()).isLessThan(before / 3);
      for (int id = 0; id < rows; id += 10) {
        MemorySegment row = MemorySegment.ofArray(new byte[ROW_BYTES]);
        assertThat(table.get(id, row)).isNotEqualTo(RowStatus.MISSING);
        assertThat(table.get(id + 1, row)).isEqualTo(RowStatus.MISSING);
      }
    }
  }

  private static void awaitDisk(Store store, long bytes) {
    long deadline = System.nanoTime() + 60_000_000_000L;
    while (store.stats().diskBytes() > bytes && System.nanoTime() - deadline < 0) {
      LockSupport.parkNanos(50_000_000);
    }
    assertThat(store.stats().diskBytes()).isLessThanOrEqualTo(bytes);
  }

  @Test
  void droppedTablesAndClearedStringsGiveTheirSpaceBack() {
    try (Store store = Store.open(options(LIMIT))) {
      for (int round = 0; round < 12; round++) {
        Table table = store.createTable(TableSpec.of("t" + round, DIM));
        for (int from = 0; from < 20_000; from += BATCH) {
          put(table, range(from, from + BATCH), round + 1);
        }
        byte[] value = new byte[100_000];
        Arrays.fill(value, (byte) round);
        for (int i = 0; i < 30; i++) {
          store.strings().put(("key" + i).getBytes(StandardCharsets.UTF_8), value);
        }
        assertThat(versions(table, 20_000)).containsOnly(round + 1);
        assertThat(store.strings().get("key7".getBytes(StandardCharsets.UTF_8))).isEqualTo(value);
        // when
        store.dropTable("t" + round);
        store.strings().clear();
      }
    }
    try (Store store = Store.open(options(LIMIT))) {
      assertThat(store.tables()).isEmpty();
      assertThat(store.strings().size()).isZero();
    }
  }

  @Test
  void deletionsThatACrashDroppedAreNotCopiedByCleaning() {
    int rows = 20_000;
    int kept = 2000;
    SimulatedDisk disk = new SimulatedDisk(1);
    SimulatedDisk crashed;
    try (Store store = openOn(disk, Durability.CHECKPOINT)) {
      Table table = store.createTable(TableSpec.of("t", DIM));
      for (int from = 0; from < rows; from += BATCH) {
        put(table, range(from, from + BATCH), 1);
      }
      store.checkpoint();
      // when: deletions reach the disk, and their commit does not
      table.delete(MemorySegment.ofArray(range(0, kept)));
      for (int from = kept; from < rows; from += BATCH) {
        put(table, range(from, from + BATCH), 2);
      }
      crashed = disk.copy(2);
    }
    SimulatedDisk cleaned;
    try (Store store = openOn(crashed, Durability.EVERYSEC)) {
      Table table = store.table("t").orElseThrow();
      assertThat(versions(table, kept)).containsOnly(1);
      long target = store.stats().diskBytes() / LogOptions.MIN_SEGMENT_BYTES * 4;
      for (int version = 3; store.stats().space().segmentsCleaned() < target; version++) {
        for (int from = kept; from < rows; from += BATCH) {
          put(table, range(from, from + BATCH), version);
        }
        put(table, Arrays.stream(range(0, kept)).filter(id -> id % 4 == 3).toArray(), version);
      }
      store.flush();
      cleaned = crashed.copy(3);
    }
    // then
    try (Store store = openOn(cleaned, Durability.EVERYSEC)) {
      int[] versions = versions(store.table("t").orElseThrow(), kept);
      for (int id = 0; id < kept; id++) {
        assertThat(versions[id]).as("row %d", id).isBetween(1, id % 4 == 3 ? 1000 : 1);
      }
    }
  }

  private Store openOn(SimulatedDisk disk, Durability durability) {
    return EmberStore.open(
        options(LIMIT).withDurability(durability),
        () -> disk,
        log -> log.withSegmentBytes(LogOptions.MIN_SEGMENT_BYTES).withDiskLimitBytes(LIMIT));
  }
}

package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.compaction.LogOptions;
import dev.emberkv.compaction.StoreFullException;
import dev.emberkv.simulation.SimulatedDisk;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A file system without space: what is there stays readable and deletable, also after a crash. */
class StoreFullDiskTest {
  private static final int DIM = 512;
  private static final int ROW_BYTES = DIM * Float.BYTES;
  private static final int BATCH = 50;
  private static final long CAPACITY_BYTES = 16L * LogOptions.MIN_SEGMENT_BYTES;

  /** How long writes may be refused after a deletion. */
  private static final long PATIENCE_NANOS = 20_000_000_000L;

  @TempDir private Path directory;

  /**
   * With write-through the disk ends where it was not expected to; otherwise the limit is known, as
   * that of a file system is, before rows are taken into DRAM.
   */
  private Store open(SimulatedDisk disk, Durability durability) {
    StoreOptions options =
        StoreOptions.of(directory).withMemoryBytes(4L << 20).withDurability(durability);
    boolean sudden = durability == Durability.ALWAYS;
    return EmberStore.open(
        options,
        () -> disk.withCapacityBytes(CAPACITY_BYTES),
        log ->
            log.withSegmentBytes(LogOptions.MIN_SEGMENT_BYTES)
                .withDiskLimitBytes(sudden ? Long.MAX_VALUE : CAPACITY_BYTES));
  }

  @ParameterizedTest
  @EnumSource(Durability.class)
  void aFullStoreOpensAfterACrashAndTakesDeletesAndThenWrites(Durability durability) {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("StoreFullDiskTest seed " + seed);
    Random random = new Random(seed);
    SimulatedDisk disk = new SimulatedDisk(seed);
    SimulatedDisk crashed;
    long acknowledged;
    try (Store store = open(disk, durability)) {
      // given: a store that was written to until the disk was full, in the middle of a batch or not
      Table table = store.createTable(TableSpec.of("rows", DIM));
      acknowledged = fill(table, 0, 1 + random.nextInt(BATCH));
      assertThat(acknowledged).isPositive();
      long far = 2 * acknowledged;
      assertThatThrownBy(() -> put(table, far, far + BATCH, 1))
          .isInstanceOf(StoreFullException.class);
      if (durability == Durability.CHECKPOINT) {
        store.checkpoint();
      } else {
        store.flush();
      }
      // when: power fails
      crashed = disk.afterCrash(seed);
    }
    for (int life = 0; life < 3; life++) {
      try (Store store = open(crashed, durability)) {
        // then: it opens, and has what was acknowledged; a batch that was refused left no part
        Table table = store.table("rows").orElseThrow();
        assertRows(table, 0, acknowledged, 1);
        crashed = crashed.afterCrash(seed + life);
      }
    }
    try (Store store = open(crashed, durability)) {
      Table table = store.table("rows").orElseThrow();
      // when: half of it is deleted
      long half = acknowledged / 2;
      long[] gone = LongStream.range(0, half).toArray();
      assertThat(table.delete(MemorySegment.ofArray(gone))).isEqualTo(half);
      // then: there is room again
      putOnceThereIsRoom(table, acknowledged, acknowledged + half / 2);
      assertRows(table, half, acknowledged, 1);
      assertRows(table, acknowledged, acknowledged + half / 2, 2);
    }
  }

  /** Writes batches of new rows until one is refused; returns the first key that is not there. */
  private static long fill(Table table, long first, int batch) {
    long next = first;
    try {
      while (true) {
        put(table, next, next + batch, 1);
        next += batch;
      }
    } catch (StoreFullException e) {
      return next;
    }
  }

  /** Writes rows of version 2; cleaning may take a moment to find what was deleted. */
  private static void putOnceThereIsRoom(Table table, long from, long to) {
    long start = System.nanoTime();
    while (true) {
      try {
        put(table, from, to, 2);
        return;
      } catch (StoreFullException e) {
        if (System.nanoTime() - start > PATIENCE_NANOS) {
          throw e;
        }
      }
    }
  }

  private static void put(Table table, long from, long to, int version) {
    for (long next = from; next < to; next += BATCH) {
      long[] keys = LongStream.range(next, Math.min(to, next + BATCH)).toArray();
      table.put(keys, Rows.packed(keys, version, ROW_BYTES));
    }
  }

  private static void assertRows(Table table, long from, long to, int version) {
    for (long next = from; next < to; next += BATCH) {
      long[] keys = LongStream.range(next, Math.min(to, next + BATCH)).toArray();
      MemorySegment rows = MemorySegment.ofArray(new byte[keys.length * ROW_BYTES]);
      table.lookup(keys, rows);
      assertThat(
              Arrays.equals(
                  rows.toArray(ValueLayout.JAVA_BYTE),
                  Rows.packed(keys, version, ROW_BYTES).toArray(ValueLayout.JAVA_BYTE)))
          .as("rows %d to %d", next, next + keys.length)
          .isTrue();
    }
  }
}

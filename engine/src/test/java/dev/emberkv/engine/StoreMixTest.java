package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.compaction.CorruptionException;
import dev.emberkv.compaction.LogOptions;
import dev.emberkv.compaction.StoreFullException;
import dev.emberkv.simulation.SimulatedDisk;
import dev.emberkv.uring.IoFailure;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A store that is 95 % full, on a disk that fails now and then: rows and strings are written,
 * deleted and expire, and the store is closed or loses power in between. What it answers is what a
 * map would, and it never stands still.
 *
 * <p>{@code -Dseed=N} runs one of the seeds again.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class StoreMixTest {
  private static final int DIM = 480; // two rows to a page
  private static final int ROW_BYTES = DIM * Float.BYTES;
  private static final long LIMIT_BYTES = 24L * LogOptions.MIN_SEGMENT_BYTES;
  private static final int BATCH = 50;
  private static final int STRINGS = 60;
  private static final int LIVES = 2;
  private static final int STEPS = 40;

  @TempDir private Path directory;

  @Test
  void aNearlyFullStoreEqualsItsModelWhateverHappens() throws IOException {
    runMany(50);
  }

  @Test
  @Tag("long")
  void aNearlyFullStoreEqualsItsModelManyTimes() throws IOException {
    runMany(1000);
  }

  private void runMany(int runs) throws IOException {
    Long only = Long.getLong("seed");
    long first = only == null ? System.nanoTime() : only;
    SimulatedDisk full = new SimulatedDisk(1);
    long rows = fillTo95Percent(full);
    for (long seed = first; seed < first + (only == null ? runs : 1); seed++) {
      try {
        // A place of its own: the checkpoints in it belong to one history of the disk.
        Path place = Files.createTempDirectory(directory, "store");
        new Run(place, full.copy(seed), rows, seed).live();
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("-Dseed=" + seed, e);
      }
    }
  }

  private static Store open(Path place, SimulatedDisk disk) {
    StoreOptions options =
        StoreOptions.of(place).withMemoryBytes(4L << 20).withDurability(Durability.ALWAYS);
    return EmberStore.open(
        options,
        () -> disk,
        log -> log.withSegmentBytes(LogOptions.MIN_SEGMENT_BYTES).withDiskLimitBytes(LIMIT_BYTES));
  }

  /**
   * Writes rows in their first version until no more are taken; returns how many there are of 95 %.
   */
  private long fillTo95Percent(SimulatedDisk disk) throws IOException {
    long rows = 0;
    try (Store store = open(Files.createTempDirectory(directory, "full"), disk)) {
      Table table = store.createTable(TableSpec.of("rows", DIM));
      try {
        while (true) {
          long[] keys = LongStream.range(rows, rows + BATCH).toArray();
          table.put(keys, Rows.packed(keys, 1, ROW_BYTES));
          rows += BATCH;
        }
      } catch (StoreFullException e) {
        long kept = rows * 95 / 100;
        table.delete(MemorySegment.ofArray(LongStream.range(kept, rows + BATCH).toArray()));
        rows = kept;
      }
    }
    assertThat(rows * ROW_BYTES).isGreaterThan(LIMIT_BYTES / 2);
    return rows;
  }

  /** One seed's history. */
  private final class Run {
    private final Random random;
    private SimulatedDisk disk;

    /** What a row may be: one version, or several where a write of it failed; 0 for none. */
    private final Map<Long, Set<Integer>> rows = new HashMap<>();

    /** The same for strings; an entry that is over is none. */
    private final Map<Integer, Set<Text>> strings = new HashMap<>();

    private final Path place;
    private final long rowCount;
    private int version = 1;

    Run(Path place, SimulatedDisk disk, long rowCount, long seed) {
      this.place = place;
      this.disk = disk;
      this.rowCount = rowCount;
      this.random = new Random(seed);
    }

    void live() {
      for (int life = 0; life < LIVES; life++) {
        disk.withFaults(0, 0);
        try (Store store = openAndCheck()) {
          disk.withFaults(random.nextInt(3) == 0 ? 200 : 0, random.nextInt(3) == 0 ? 200 : 0);
          mix(store);
        } catch (IoFailure | CorruptionException e) {
          assertThat(disk.faults()).as("%s", e).isPositive();
        }
        disk = random.nextBoolean() ? disk.afterCrash(random.nextLong()) : disk;
      }
      disk.withFaults(0, 0);
      try (Store store = openAndCheck()) {
        requireThatRoomComesBack(store);
      }
    }

    /** Deletes and writes go on by themselves in a store that was full. */
    private void requireThatRoomComesBack(Store store) {
      Table table = store.table("rows").orElseThrow();
      long[] some = LongStream.range(0, rowCount / 4).toArray();
      delete(table, some);
      for (int from = 0; from < some.length / 2; from += BATCH) {
        put(table, Arrays.copyOfRange(some, from, from + BATCH));
      }
      checkRows(table, some);
    }

    /** Opens the store, on a disk that is well, and compares everything with the model. */
    private Store openAndCheck() {
      try {
        Store store = open(place, disk);
        check(store);
        return store;
      } catch (IoFailure | CorruptionException e) {
        throw new AssertionError("on a disk that is well", e);
      }
    }

    private void mix(Store store) {
      Table table = store.table("rows").orElseThrow();
      for (int step = 0; step < STEPS; step++) {
        try {
          switch (random.nextInt(8)) {
            case 0, 1 -> put(table, someRows());
            case 2 -> delete(table, someRows());
            case 3 -> checkRows(table, someRows());
            case 4, 5 -> write(store.strings(), random.nextInt(STRINGS));
            case 6 -> erase(store.strings(), random.nextInt(STRINGS));
            default -> checkString(store.strings(), random.nextInt(STRINGS));
          }
        } catch (StoreFullException e) {
          assertThat(e).hasMessageContaining("of at most");
        } catch (CorruptionException e) {
          assertThat(disk.faults()).as("%s", e).isPositive();
        }
      }
    }

    private long ids() {
      return rowCount + rowCount / 100;
    }

    private Set<Integer> initially(long row) {
      return new HashSet<>(List.of(row < rowCount ? 1 : 0));
    }

    /** Returns ids, of which each hundredth is of a row that was never there. */
    private long[] someRows() {
      return random.longs(1 + random.nextInt(BATCH), 0, ids()).distinct().toArray();
    }

    private void put(Table table, long[] keys) {
      int written = ++version;
      attempt(keys, written, () -> table.put(keys, Rows.packed(keys, written, ROW_BYTES)));
    }

    private void delete(Table table, long[] keys) {
      attempt(keys, 0, () -> table.delete(MemorySegment.ofArray(keys)));
    }

    private void attempt(long[] keys, int after, Runnable write) {
      boolean done = false;
      try {
        write.run();
        done = true;
      } finally {
        for (long key : keys) {
          note(rows.computeIfAbsent(key, this::initially), after, done);
        }
      }
    }

    /** Notes that something has become a value, or may have if the write failed. */
    private static <V> void note(Set<V> possible, V after, boolean done) {
      if (done) {
        possible.clear();
      }
      possible.add(after);
    }

    private void write(StringKeyspace space, int key) {
      int millis = random.nextInt(3) == 0 ? 1 + random.nextInt(20) : 1_000_000;
      boolean expires = random.nextBoolean();
      Text text =
          new Text(
              ++version,
              random.nextInt(3000),
              expires ? System.currentTimeMillis() + millis : StringEntry.NEVER);
      StringEntry entry = StringEntry.of(text.bytes()).withExpiry(text.expiresAtMillis);
      attempt(key, text, () -> space.update(keyOf(key), _ -> entry));
    }

    private void erase(StringKeyspace space, int key) {
      attempt(key, Text.NONE, () -> space.delete(keyOf(key)));
    }

    private void attempt(int key, Text after, Runnable write) {
      boolean done = false;
      try {
        write.run();
        done = true;
      } finally {
        note(strings.computeIfAbsent(key, Run::never), after, done);
      }
    }

    private static Set<Text> never(int key) {
      assert key >= 0;
      return new HashSet<>(List.of(Text.NONE));
    }

    private static byte[] keyOf(int key) {
      return new byte[] {(byte) 'k', (byte) key};
    }

    private void check(Store store) {
      Table table = store.table("rows").orElseThrow();
      long end = ids();
      for (long row = 0; row < end; row += BATCH) {
        checkRows(table, LongStream.range(row, Math.min(end, row + BATCH)).toArray());
      }
      for (int key = 0; key < STRINGS; key++) {
        checkString(store.strings(), key);
      }
    }

    private void checkRows(Table table, long[] keys) {
      MemorySegment content = MemorySegment.ofArray(new byte[keys.length * ROW_BYTES]);
      byte[] statuses = new byte[keys.length];
      table.lookup(MemorySegment.ofArray(keys), content, MemorySegment.ofArray(statuses));
      for (int i = 0; i < keys.length; i++) {
        long key = keys[i];
        Set<Integer> possible = rows.computeIfAbsent(key, this::initially);
        byte[] row =
            content.asSlice((long) i * ROW_BYTES, ROW_BYTES).toArray(ValueLayout.JAVA_BYTE);
        boolean missing = statuses[i] == RowStatus.MISSING;
        List<Integer> seen =
            possible.stream()
                .filter(known ->
                    known == 0
                        ? missing
                        : !missing && Arrays.equals(row, Rows.row(key, known, ROW_BYTES)))
                .toList();
        assertThat(seen).as("row %d is one of the versions %s", key, possible).hasSize(1);
        possible.retainAll(seen);
      }
    }

    private void checkString(StringKeyspace space, int key) {
      long before = System.currentTimeMillis();
      byte[] value = space.get(keyOf(key));
      long after = System.currentTimeMillis();
      Set<Text> possible = strings.computeIfAbsent(key, Run::never);
      assertThat(possible)
          .as("string %d of %s bytes", key, value == null ? "no" : value.length)
          .anyMatch(text ->
              value == null
                  ? text.equals(Text.NONE) || text.expiresAtMillis <= after
                  : text.expiresAtMillis > before && Arrays.equals(value, text.bytes()));
    }
  }

  /**
   * A string's value.
   *
   * @param version which makes it different from all others
   * @param length in bytes, without the version
   * @param expiresAtMillis when it is gone
   */
  private record Text(int version, int length, long expiresAtMillis) {
    static final Text NONE = new Text(0, 0, 0);

    byte[] bytes() {
      byte[] bytes = new byte[Integer.BYTES + length];
      Arrays.fill(bytes, (byte) version);
      ByteBuffer.wrap(bytes).putInt(version);
      return bytes;
    }
  }
}

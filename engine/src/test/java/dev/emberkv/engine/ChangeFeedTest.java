package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.compaction.LogOptions;
import dev.emberkv.simulation.SimulatedDisk;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A follower that takes all rows once and then what changed has what the table has. */
class ChangeFeedTest {
  private static final int DIM = 60;
  private static final int KEYS = 6_000;
  private static final TableSpec SPEC =
      TableSpec.of("t", DIM)
          .withInitializer(new Initializer.Normal(0, 1), 4)
          .withOptimizer(Optimizer.adagrad());

  /** What a follower has of a table, row by row as it is stored. */
  private static final class Follower {
    Map<Long, Integer> rows = new HashMap<>();
    private long position;
    private long origin;

    /** Takes what changed; all rows where that can't be told. */
    void follow(Table table) {
      if (origin != table.origin()) {
        export(table);
        return;
      }
      Map<Long, Integer> next = new HashMap<>(rows);
      try {
        position = table.changedSince(position, into(next));
        rows = next; // counts only when the call has returned
      } catch (ChangesGoneException e) {
        export(table);
      }
    }

    private void export(Table table) {
      origin = table.origin();
      position = table.position();
      rows = allOf(table);
      table.position();
    }
  }

  private static ChangeVisitor into(Map<Long, Integer> rows) {
    return new ChangeVisitor() {
      @Override
      public void row(long id, int timeSeconds, MemorySegment stored) {
        assertThat(stored.byteSize()).isEqualTo(SPEC.storedRowBytes());
        rows.put(id, Arrays.hashCode(stored.toArray(ValueLayout.JAVA_INT_UNALIGNED)));
      }

      @Override
      public void deleted(long id) {
        rows.remove(id);
      }
    };
  }

  private static Map<Long, Integer> allOf(Table table) {
    Map<Long, Integer> rows = new HashMap<>();
    try (TableScan scan = table.scan()) {
      long cursor = 0;
      do {
        cursor = scan.next(cursor, into(rows));
      } while (cursor != 0);
    }
    return rows;
  }

  private static Store open(Path directory, Durability durability, SimulatedDisk disk) {
    StoreOptions options =
        StoreOptions.of(directory)
            .withMemoryBytes(2 * StoreOptions.MIN_MEMORY_BYTES)
            .withDurability(durability)
            .withDiskLimitBytes(16L << 20);
    return EmberStore.open(
        options, () -> disk, log -> log.withSegmentBytes(LogOptions.MIN_SEGMENT_BYTES));
  }

  @Property(tries = 8, shrinking = ShrinkingMode.OFF)
  void allRowsAndThenChangesAreTheTable(@ForAll long seed) {
    follow(seed, 60);
  }

  @Property(tries = 300, shrinking = ShrinkingMode.OFF)
  @Tag("long")
  void allRowsAndThenChangesAreTheTableInManyHistories(@ForAll long seed) {
    follow(seed, 120);
  }

  private static void follow(long seed, int steps) {
    Random random = new Random(seed);
    Durability[] all = Durability.values();
    Durability durability = all[random.nextInt(all.length)];
    Path directory = temporary();
    SimulatedDisk disk = new SimulatedDisk(seed);
    Follower follower = new Follower();
    Store store = open(directory, durability, disk);
    try {
      store.createTable(SPEC);
      store.flush();
      for (int step = 0; step < steps; step++) {
        Table table = store.table("t").orElseThrow();
        long[] keys = random.longs(1 + random.nextInt(600), 0, KEYS).toArray();
        switch (random.nextInt(20)) {
          case 0 -> {
            if (random.nextInt(4) == 0) {
              store.clear();
            }
          }
          case 1 -> store.flush();
          case 2 -> {
            SimulatedDisk crashed = disk.afterCrash(random.nextLong());
            store.close();
            disk = crashed;
            store = open(directory, durability, disk);
          }
          case 3 -> {
            store.close();
            store = open(directory, durability, disk);
          }
          case 4, 5, 6 -> {
            follower.follow(table);
            assertThat(follower.rows).as("seed %d, step %d", seed, step).isEqualTo(allOf(table));
          }
          case 7, 8, 9, 10 -> table.delete(MemorySegment.ofArray(keys));
          case 11, 12, 13 -> table.push(keys, new float[keys.length * DIM]);
          default -> table.put(keys, Rows.packed(keys, random.nextInt(), table.spec().rowBytes()));
        }
      }
      Table table = store.table("t").orElseThrow();
      follower.follow(table);
      assertThat(follower.rows).as("seed %d, at the end", seed).isEqualTo(allOf(table));
    } finally {
      store.close();
    }
  }

  private static Path temporary() {
    try {
      return Files.createTempDirectory("emberkv-changes");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void aFollowerCatchesUpWithWritersAndCleaning(@TempDir Path directory) throws Exception {
    try (Store store = open(directory, Durability.EVERYSEC, new SimulatedDisk(5))) {
      Table table = store.createTable(SPEC);
      AtomicBoolean stop = new AtomicBoolean();
      Thread[] writers = new Thread[2];
      for (int w = 0; w < writers.length; w++) {
        Random random = new Random(w);
        writers[w] =
            Thread.ofPlatform()
                .start(() -> {
                  while (!stop.get()) {
                    long[] keys = random.longs(200, 0, KEYS).toArray();
                    if (random.nextInt(3) == 0) {
                      table.delete(MemorySegment.ofArray(keys));
                    } else if (random.nextBoolean()) {
                      table.push(keys, new float[keys.length * DIM]);
                    } else {
                      table.put(keys, Rows.packed(keys, random.nextInt(), SPEC.rowBytes()));
                    }
                  }
                });
      }
      Follower follower = new Follower();
      long deadline = System.nanoTime() + 2_000_000_000L;
      while (System.nanoTime() - deadline < 0) {
        follower.follow(table);
        LockSupport.parkNanos(20_000_000);
      }
      stop.set(true);
      for (Thread writer : writers) {
        writer.join();
      }
      follower.follow(table);
      assertThat(follower.rows).isEqualTo(allOf(table));
      assertThat(store.stats().space().segmentsCleaned()).isPositive();
    }
  }

  @Test
  void forgottenDeletionsAreNotPassedOver(@TempDir Path directory) throws IOException {
    SimulatedDisk disk = new SimulatedDisk(9);
    long position;
    long later;
    try (Store store = open(directory, Durability.EVERYSEC, disk)) {
      Table table = store.createTable(SPEC);
      long[] keys = new long[KEYS];
      Arrays.setAll(keys, i -> i);
      table.put(keys, Rows.packed(keys, 1, SPEC.rowBytes()));
      position = table.position();
      // when all rows are deleted, and cleaning has no more need of their tombstones
      table.delete(MemorySegment.ofArray(keys));
      long deadline = System.nanoTime() + 60_000_000_000L;
      while (canTell(table, position) && System.nanoTime() - deadline < 0) {
        table.put(keys, Rows.packed(keys, 2, SPEC.rowBytes()));
        table.delete(MemorySegment.ofArray(keys));
        store.flush();
      }
      // then the old position is refused, by name, and a new one is not
      assertThatThrownBy(() -> table.changedSince(position, into(new HashMap<>())))
          .isInstanceOf(ChangesGoneException.class)
          .hasMessageContaining("table t since position " + position)
          .hasMessageContaining("full export");
      later = table.position();
      assertThat(canTell(table, later)).isTrue();
      assertThatThrownBy(() -> table.changedSince(later + (1L << 40), into(new HashMap<>())))
          .isInstanceOf(IllegalArgumentException.class);
    }
    // also after a start
    try (Store store = open(directory, Durability.EVERYSEC, disk)) {
      Table table = store.table("t").orElseThrow();
      assertThat(canTell(table, position)).isFalse();
      assertThat(canTell(table, later)).isTrue();
      // and a table that was made anew has no changes of the old one
      long origin = table.origin();
      store.clear();
      assertThat(table.origin()).isNotEqualTo(origin);
      assertThat(canTell(table, later)).isFalse();
    }
    // and when the catalog was lost, which knew what is forgotten
    long newest;
    try (Store store = open(directory, Durability.EVERYSEC, disk)) {
      newest = store.table("t").orElseThrow().position();
      assertThat(canTell(store.table("t").orElseThrow(), newest)).isTrue();
    }
    try (var files = Files.list(directory)) {
      for (Path file : files.filter(path -> path.toString().contains("catalog")).toList()) {
        Files.delete(file);
      }
    }
    try (Store store = open(directory, Durability.EVERYSEC, disk)) {
      Table table = store.table("t").orElseThrow();
      assertThat(canTell(table, newest - 1)).isFalse();
      assertThat(canTell(table, table.position())).isTrue();
    }
  }

  private static boolean canTell(Table table, long position) {
    try {
      table.changedSince(position, into(new HashMap<>()));
      return true;
    } catch (ChangesGoneException e) {
      return false;
    }
  }
}

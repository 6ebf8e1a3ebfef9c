package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.compaction.CorruptionException;
import dev.emberkv.compaction.LogOptions;
import dev.emberkv.compaction.SegmentedLog;
import dev.emberkv.compaction.StoreFullException;
import dev.emberkv.simulation.SimulatedDisk;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows that go by themselves. */
class ExpiryTest {
  private static final int DIM = 64;
  private static final int TTL = 100;

  private static final long DISK_BYTES = 8L << 20;
  private static final int KEYS = 8_000;

  /** If all of them had rows, these would not fit on the disk. */
  private static final int TOO_MANY_KEYS = 30_000;

  @TempDir private Path directory;

  private StoreOptions options() {
    return StoreOptions.of(directory).withMemoryBytes(16L << 20);
  }

  private static TableSpec dataTimed() {
    return TableSpec.of("t", DIM).withExpiry(new Expiry(TTL, true, 0));
  }

  private static void put(Table table, long time, long... keys) {
    table.put(MemorySegment.ofArray(keys), Rows.packed(keys, (int) time, DIM * Float.BYTES), time);
  }

  private static boolean[] stored(Table table, long... keys) {
    byte[] statuses = new byte[keys.length];
    table.lookup(
        MemorySegment.ofArray(keys),
        MemorySegment.ofArray(new byte[keys.length * table.spec().rowBytes()]),
        MemorySegment.ofArray(statuses));
    boolean[] stored = new boolean[keys.length];
    for (int i = 0; i < keys.length; i++) {
      stored[i] = statuses[i] == RowStatus.HOT || statuses[i] == RowStatus.COLD;
      byte single = table.get(keys[i], MemorySegment.ofArray(new byte[table.spec().rowBytes()]));
      assertThat(single == RowStatus.HOT || single == RowStatus.COLD).isEqualTo(stored[i]);
    }
    return stored;
  }

  private static long[] range(int from, int to) {
    long[] keys = new long[to - from];
    Arrays.setAll(keys, i -> from + i);
    return keys;
  }

  @Test
  void rowsExpireByTheTimeThatWritersGive() {
    try (Store store = Store.open(options())) {
      Table table = store.createTable(dataTimed());
      put(table, 1000, 1, 2);
      put(table, 1050, 2, 3);
      store.flush();
      assertThat(stored(table, 1, 2, 3)).containsExactly(true, true, true);
      // when time moves on
      put(table, 1100, 4);
      store.flush();
      // then a row lives for as long as it may after its last write
      assertThat(stored(table, 1, 2, 3, 4)).containsExactly(false, true, true, true);
      // and one that comes late is as of the latest time, as is one without a time
      put(table, 500, 5);
      table.put(new long[] {6}, MemorySegment.ofArray(new byte[DIM * Float.BYTES]));
      assertThat(stored(table, 5, 6)).containsExactly(true, true);
      // an expired row is none to a delete, and can be written again
      assertThat(table.delete(1)).isFalse();
      put(table, 1100, 1);
      assertThat(stored(table, 1)).containsExactly(true);
      assertThat(table.delete(1)).isTrue();
    }
  }

  @Test
  void timesMustFitTheTable() {
    try (Store store = Store.open(options())) {
      Table wall = store.createTable(TableSpec.of("w", 1).withExpiry(new Expiry(60, false, 0)));
      Table plain = store.createTable(TableSpec.of("p", 1));
      Table timed = store.createTable(dataTimed());
      MemorySegment row = MemorySegment.ofArray(new byte[DIM * Float.BYTES]);
      MemorySegment key = MemorySegment.ofArray(new long[] {1});
      assertThatThrownBy(() -> wall.put(key, row, 5)).hasMessageContaining("wall clock");
      assertThatThrownBy(() -> plain.put(key, row, 5)).hasMessageContaining("do not expire");
      assertThatThrownBy(() -> timed.put(key, row)).hasMessageContaining("nobody has given one");
      assertThatThrownBy(() -> timed.put(key, row, 0)).hasMessageContaining("a time is from 1");
      assertThat(List.of(wall.size(), plain.size(), timed.size())).containsOnly(0L);
      wall.put(new long[] {1}, row);
      assertThat(wall.size()).isEqualTo(1);
    }
  }

  @Test
  void aPushToAnExpiredRowStartsAnewAndAsksForAdmissionAgain() {
    Expiry expiry = new Expiry(TTL, true, 0);
    TableSpec learning =
        TableSpec.of("t", 1).withOptimizer(Optimizer.sgd().withLearningRate(1)).withExpiry(expiry);
    TableSpec gated =
        learning
            .withName("g")
            .withAdmission(new FeatureAdmission.Counted(2, FeatureAdmission.Sight.PUSHES));
    for (Durability durability : List.of(Durability.EVERYSEC, Durability.ALWAYS)) {
      try (Store store = Store.open(options().withDurability(durability))) {
        for (TableSpec spec : List.of(learning, gated)) {
          Table table = store.createTable(spec);
          pushOne(table, 1000, 1);
          pushOne(table, 1000, 1);
          pushOne(table, 1000, 1);
          float before = value(table, 1);
          pushOne(table, 1200, 2);
          store.flush();
          assertThat(stored(table, 1)).containsExactly(false);
          pushOne(table, 1200, 1);
          if (spec.equals(gated)) {
            assertThat(before).isEqualTo(2); // the second and the third push
            assertThat(stored(table, 1)).containsExactly(false);
            pushOne(table, 1200, 1);
          }
          assertThat(value(table, 1)).isEqualTo(1);
          store.dropTable(spec.name());
        }
      }
    }
  }

  @Test
  void whatAPushMakesOfARowDependsOnTheirTimesAlone() {
    Expiry expiry = new Expiry(TTL, true, 0);
    TableSpec spec =
        TableSpec.of("t", 1).withOptimizer(Optimizer.sgd().withLearningRate(1)).withExpiry(expiry);
    for (Durability durability : Durability.values()) {
      try (Store store = Store.open(options().withDurability(durability))) {
        Table table = store.createTable(spec);
        pushOne(table, 1000, 1);
        pushOne(table, 1099, 1);
        assertThat(value(table, 1)).isEqualTo(2);
        // when no flush has made the time one that reads go by
        pushOne(table, 1199, 1);
        assertThat(value(table, 1)).isEqualTo(1);
        store.dropTable("t");
      }
    }
  }

  @Property(tries = 200)
  void theLowestRowsAreFound(
      @ForAll @Size(max = 300) List<@IntRange(max = 400) Integer> sequences,
      @ForAll @IntRange(min = 1, max = 250) int wanted) {
    LowestRows lowest = new LowestRows(wanted);
    // of a few ranks each
    sequences.forEach(sequence -> lowest.offer(sequence % 7, sequence, -sequence));
    List<Long> found = new ArrayList<>();
    lowest.forEach((sequence, id) -> {
      assertThat(id).isEqualTo(-sequence);
      found.add(sequence);
    });
    assertThat(found)
        .containsExactlyInAnyOrderElementsOf(
            sequences.stream()
                .map(Long::valueOf)
                .sorted(Comparator.<Long>comparingLong(s -> s % 7).thenComparingLong(s -> s))
                .limit(wanted)
                .toList());
  }

  private static void pushOne(Table table, long time, long key) {
    table.push(
        MemorySegment.ofArray(new long[] {key}),
        MemorySegment.ofArray(new float[] {-1}),
        PushOptions.none().withTime(time));
  }

  private static float value(Table table, long key) {
    float[] row = new float[1];
    table.get(key, MemorySegment.ofArray(row));
    return row[0];
  }

  @Test
  void shrinkingCountsAndDropsWhatTheRulesWant() {
    int cap = 1000;
    TableSpec spec = TableSpec.of("t", DIM).withExpiry(new Expiry(TTL, true, cap));
    try (Store store = Store.open(options())) {
      Table table = store.createTable(spec);
      put(table, 1000, range(0, 20));
      put(table, 1050, range(100, 500));
      put(table, 1060, range(500, 1129));
      put(table, 1061, 100, 101);
      put(table, 1100, 5000);
      store.flush();
      // when only counted; the expired ones may be gone by themselves already
      ShrinkReport counted = table.shrink(true);
      assertThat(counted.overCap()).isEqualTo(30);
      assertThat(counted.rows() - counted.expired()).isEqualTo(1030);
      assertThat(stored(table, range(100, 1129))).containsOnly(true);
      // when dropped
      assertThat(table.shrink(false).overCap()).isEqualTo(30);
      // then the rows that were not written for longest are gone, and no others
      assertThat(table.size()).isEqualTo(cap);
      assertThat(stored(table, range(0, 20))).containsOnly(false);
      assertThat(stored(table, 100, 101, 5000)).containsOnly(true);
      int gone = 0;
      for (boolean there : stored(table, range(102, 500))) {
        gone += there ? 0 : 1;
      }
      assertThat(gone).isEqualTo(30);
      assertThat(stored(table, range(500, 1129))).containsOnly(true);
      assertThat(table.shrink(false)).isEqualTo(new ShrinkReport(cap, 0, 0, 0));
    }
  }

  @Test
  void slotsAndLogComeBackByThemselves() {
    int rows = 40_000;
    try (Store store = Store.open(options().withDiskLimitBytes(64L << 20))) {
      Table table = store.createTable(dataTimed());
      for (int from = 0; from < rows; from += 1000) {
        put(table, 1000 + from / 1000, range(from, from + 1000));
      }
      store.flush();
      long before = store.stats().diskBytes();
      put(table, 2000, -1);
      store.flush();
      long deadline = System.nanoTime() + 60_000_000_000L;
      while ((table.size() > 1 || store.stats().diskBytes() > before / 2)
          && System.nanoTime() - deadline < 0) {
        LockSupport.parkNanos(20_000_000);
      }
      assertThat(table.size()).isEqualTo(1);
      assertThat(((EmberStore) store).hotRowsLike(table)).isEqualTo(1);
      assertThat(store.stats().diskBytes()).isLessThanOrEqualTo(before / 2);
    }
  }

  @Test
  void aDamagedRowKeepsNoOtherRowFromGoing() throws IOException {
    try (Store store = Store.open(options())) {
      put(store.createTable(dataTimed()), 1000, range(0, 200));
    }
    Path volume = directory.resolve(SegmentedLog.VOLUME_NAME);
    byte[] bytes = Files.readAllBytes(volume);
    for (int key : new int[] {7, 150}) {
      byte[] row = Rows.row(key, 1000, DIM * Float.BYTES);
      int at = 0;
      while (!Arrays.equals(row, 0, row.length, bytes, at, at + row.length)) {
        at += 32;
      }
      bytes[at + 9] ^= 4;
    }
    Files.write(volume, bytes);
    try (Store store = Store.open(options())) {
      Table table = store.table("t").orElseThrow();
      put(table, 2000, 1000);
      store.flush();
      long deadline = System.nanoTime() + 30_000_000_000L;
      while (table.size() > 3 && System.nanoTime() - deadline < 0) {
        LockSupport.parkNanos(20_000_000);
      }
      // then what nobody knows the time of is still there, and reading it fails
      assertThat(table.shrink(false)).isEqualTo(new ShrinkReport(3, 0, 0, 0));
      assertThatThrownBy(() -> stored(table, 7)).isInstanceOf(CorruptionException.class);
      assertThat(stored(table, 1000, 8)).containsExactly(true, false);
    }
  }

  @Test
  void rulesStandInTheDefinition() {
    for (Expiry expiry :
        List.of(
            Expiry.NEVER,
            new Expiry(60, false, 0),
            new Expiry(60, true, 5),
            new Expiry(0, false, 7),
            new Expiry(0, true, 9, 3, Scores.DEFAULT),
            new Expiry(5, false, 0, 0, new Scores(0.5, -2, 1, -7, 1, 60)))) {
      TableSpec spec = TableSpec.of("t", 4).withExpiry(expiry);
      assertThat(TableCodec.decode(TableCodec.encode(spec))).isEqualTo(spec);
    }
    assertThatThrownBy(() -> new Expiry(0, true, 0)).isInstanceOf(IllegalArgumentException.class);
  }

  // Histories with crashes, against a model

  @Property(tries = 4, shrinking = ShrinkingMode.OFF)
  void isWhatTheModelSays(@ForAll long seed) {
    run(seed, 60, KEYS);
  }

  @Property(tries = 2, shrinking = ShrinkingMode.OFF)
  void isWhatTheModelSaysOnAFullDisk(@ForAll long seed) {
    run(seed, 120, TOO_MANY_KEYS);
  }

  @Property(tries = 400, shrinking = ShrinkingMode.OFF)
  @Tag("long")
  void isWhatTheModelSaysInManyHistories(@ForAll long seed) {
    run(seed, 150, seed % 2 == 0 ? KEYS : TOO_MANY_KEYS);
  }

  /** What a table has to hold. */
  private record Model(Map<Long, Long> times, long now) {
    Model copy() {
      return new Model(new HashMap<>(times), now);
    }

    Set<Long> alive() {
      Set<Long> alive = new HashSet<>();
      times.forEach((id, time) -> {
        if (time + TTL > now) {
          alive.add(id);
        }
      });
      return alive;
    }
  }

  /** Writes rows, or none of them when the disk is full. */
  private static boolean putIfRoom(Table table, long time, long[] keys) {
    try {
      put(table, time, keys);
      return true;
    } catch (StoreFullException e) {
      return false;
    }
  }

  /** Finds a state and a time, each of one of the moments, that leave just these rows. */
  private static @Nullable Model explanation(List<Model> moments, Set<Long> found) {
    for (Model rows : moments) {
      for (Model time : moments) {
        Model left = new Model(new HashMap<>(rows.times), time.now);
        if (left.alive().equals(found)) {
          return left;
        }
      }
    }
    return null;
  }

  private static Store open(Path directory, Durability durability, SimulatedDisk disk) {
    StoreOptions options =
        StoreOptions.of(directory)
            .withMemoryBytes(2 * StoreOptions.MIN_MEMORY_BYTES)
            .withDurability(durability)
            .withDiskLimitBytes(DISK_BYTES);
    return EmberStore.open(
        options, () -> disk, log -> log.withSegmentBytes(LogOptions.MIN_SEGMENT_BYTES));
  }

  /**
   * Each key has one value, so what a crash leaves is told by which keys are there: those of a
   * state since the last promise, and never one that was seen to be over.
   */
  private static void run(long seed, int steps, int keys) {
    Random random = new Random(seed);
    Durability[] all = Durability.values();
    Durability durability = all[random.nextInt(all.length)];
    Path path = temporary();
    SimulatedDisk disk = new SimulatedDisk(seed);
    Model live = new Model(new HashMap<>(), 1000);
    List<Model> possible = new ArrayList<>();
    Store store = open(path, durability, disk);
    try {
      store.createTable(dataTimed());
      put(store.table("t").orElseThrow(), live.now, -1);
      live.times.put(-1L, live.now);
      store.flush();
      possible.add(live.copy());
      for (int step = 0; step < steps; step++) {
        Table table = store.table("t").orElseThrow();
        long[] some = random.longs(1 + random.nextInt(keys / 16), 0, keys).toArray();
        boolean promised = durability == Durability.ALWAYS;
        switch (random.nextInt(12)) {
          case 0 -> {
            store.flush();
            promised = true;
          }
          case 1 -> {
            SimulatedDisk crashed = disk.afterCrash(random.nextLong());
            store.close();
            disk = crashed;
            store = open(path, durability, disk);
            table = store.table("t").orElseThrow();
            Set<Long> found = aliveIn(table, keys);
            Model left = explanation(possible, found);
            assertThat(left).as("seed %d, step %d: after a crash", seed, step).isNotNull();
            // the time that is left may be that of any moment; from here on it is known again
            long now = possible.stream().mapToLong(Model::now).max().orElseThrow() + 1;
            live = new Model(Objects.requireNonNull(left).times, now);
            for (int from = 0; !putIfRoom(table, now, new long[] {-1}); from += 1000) {
              table.delete(MemorySegment.ofArray(range(from, from + 1000)));
              for (long id : range(from, from + 1000)) {
                live.times.remove(id);
              }
            }
            live.times.put(-1L, now);
            store.flush();
            promised = true;
          }
          case 2 -> {
            store.close();
            store = open(path, durability, disk);
            table = store.table("t").orElseThrow();
            promised = true;
          }
          case 3 -> table.shrink(false);
          case 4, 5 -> {
            table.delete(MemorySegment.ofArray(some));
            for (long id : some) {
              live.times.remove(id);
            }
          }
          default -> {
            long now = live.now + random.nextInt(20);
            if (putIfRoom(table, now, some)) {
              live = new Model(live.times, now);
              for (long id : some) {
                live.times.put(id, now);
              }
            }
          }
        }
        possible.add(live.copy());
        if (promised) {
          possible.clear();
          possible.add(live.copy());
          store.flush(); // so that the table's time counts for reads
          assertThat(aliveIn(table, keys))
              .as("seed %d, step %d", seed, step)
              .isEqualTo(live.alive());
        }
      }
    } finally {
      store.close();
    }
  }

  private static Set<Long> aliveIn(Table table, int keys) {
    long[] ids = range(-1, keys);
    Set<Long> alive = new HashSet<>();
    byte[] statuses = new byte[ids.length];
    table.lookup(
        MemorySegment.ofArray(ids),
        MemorySegment.ofArray(new byte[ids.length * table.spec().rowBytes()]),
        MemorySegment.ofArray(statuses));
    for (int i = 0; i < ids.length; i++) {
      if (statuses[i] == RowStatus.HOT || statuses[i] == RowStatus.COLD) {
        alive.add(ids[i]);
      }
    }
    return alive;
  }

  private static Path temporary() {
    try {
      return Files.createTempDirectory("emberkv-expiry");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

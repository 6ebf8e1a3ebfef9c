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
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows that go when they are worth little. */
class ScoresTest {
  private static final int PERIOD = 10;
  private static final int KEYS = 3000;

  @TempDir private Path directory;

  private static Scores scores() {
    return new Scores(0.1, 1, 0.5, 0.8, 3, PERIOD);
  }

  private static TableSpec spec(long maxRows, long minRows) {
    return TableSpec.of("t", 2)
        .withOptimizer(Optimizer.adagrad())
        .withExpiry(new Expiry(0, true, maxRows, minRows, scores()));
  }

  private static void push(Table table, long time, long[] keys, float[] shows, float[] clicks) {
    table.push(
        MemorySegment.ofArray(keys),
        MemorySegment.ofArray(new float[2 * keys.length]),
        PushOptions.none()
            .withTime(time)
            .withShows(MemorySegment.ofArray(shows))
            .withClicks(MemorySegment.ofArray(clicks)));
  }

  private static boolean isThere(Table table, long key) {
    byte status = table.get(key, MemorySegment.ofArray(new byte[table.spec().rowBytes()]));
    return status == RowStatus.HOT || status == RowStatus.COLD;
  }

  @Test
  void rowsGoBelowTheThresholdOrUnseen() {
    try (Store store = Store.open(StoreOptions.of(directory).withMemoryBytes(16L << 20))) {
      Table table = store.createTable(spec(0, 0));
      // 0.1 * (10 - 1) + 1 = 1.9 for the first, and 0.7, 7, 0.8 for the others
      push(
          table,
          100,
          new long[] {1, 2, 3, 4},
          new float[] {10, 7, 70, 8},
          new float[] {1, 0, 0, 0});
      table.put(new long[] {5}, MemorySegment.ofArray(new byte[8]));
      assertThat(table.shrink(true)).isEqualTo(new ShrinkReport(5, 0, 1, 0));
      assertThat(table.shrink(false)).isEqualTo(new ShrinkReport(5, 0, 1, 0));
      assertThat(isThere(table, 2)).isFalse();
      // after a period they are worth half as much
      push(table, 119, new long[] {9, 9}, new float[] {4, 5}, new float[] {0, 1});
      assertThat(table.shrink(false)).isEqualTo(new ShrinkReport(5, 0, 1, 0));
      assertThat(isThere(table, 4)).isFalse();
      // a push adds to what is left of the earlier ones: 1.9 / 4 + 0.4
      push(table, 120, new long[] {1}, new float[] {4}, new float[] {0});
      table.shrink(false);
      assertThat(isThere(table, 1)).isTrue();
      // and one that nobody pushes to goes, whatever it is worth, put or pushed
      push(table, 139, new long[] {1}, new float[] {1000}, new float[] {0});
      assertThat(table.shrink(true).lowScore()).isEqualTo(1); // 9: 1.8 a quarter of it
      push(table, 140, new long[] {1}, new float[] {1000}, new float[] {0});
      assertThat(table.shrink(false).lowScore()).isEqualTo(3);
      assertThat(List.of(isThere(table, 3), isThere(table, 5), isThere(table, 1)))
          .containsExactly(false, false, true);
    }
  }

  @Test
  void withoutCountsAKeyWasShownOnce() {
    try (Store store = Store.open(StoreOptions.of(directory).withMemoryBytes(16L << 20))) {
      Table table = store.createTable(spec(0, 0));
      long[] keys = {1, 2, 1, 1, 1, 1, 1, 1, 1};
      table.push(
          MemorySegment.ofArray(keys),
          MemorySegment.ofArray(new float[2 * keys.length]),
          PushOptions.none().withTime(100));
      assertThat(table.shrink(false)).isEqualTo(new ShrinkReport(2, 0, 1, 0));
      assertThat(isThere(table, 1)).isTrue();
    }
  }

  @Test
  void countsMustFit() {
    try (Store store = Store.open(StoreOptions.of(directory).withMemoryBytes(16L << 20))) {
      Table table = store.createTable(spec(0, 0));
      assertThatThrownBy(() -> push(table, 1, new long[] {1}, new float[2], new float[1]))
          .hasMessage("shows has 8 bytes, one f32 for each of 1 keys takes 4");
      assertThatThrownBy(() -> push(table, 1, new long[] {8}, new float[1], new float[] {-1}))
          .hasMessage("clicks of key 8, row 0 of the push, must be 0 or more, not -1.0");
      assertThatThrownBy(
              () -> push(table, 1, new long[] {8}, new float[] {Float.NaN}, new float[1]))
          .hasMessageContaining("not NaN");
      assertThat(table.size()).isZero();
      Table plain =
          store.createTable(
              TableSpec.of("p", 2).withOptimizer(Optimizer.sgd().withLearningRate(1)));
      assertThatThrownBy(() ->
              plain.push(
                  MemorySegment.ofArray(new long[] {1}),
                  MemorySegment.ofArray(new float[2]),
                  PushOptions.none().withShows(MemorySegment.ofArray(new float[1]))))
          .hasMessageContaining("have no scores");
      assertThatThrownBy(
              () -> store.createTable(TableSpec.of("n", 2).withExpiry(spec(0, 0).expiry())))
          .hasMessageContaining("no optimizer");
    }
  }

  // Histories with crashes, against a model

  @Property(tries = 8, shrinking = ShrinkingMode.OFF)
  void isWhatTheModelSays(@ForAll long seed) {
    run(seed, 40);
  }

  @Property(tries = 300, shrinking = ShrinkingMode.OFF)
  @Tag("long")
  void isWhatTheModelSaysInManyHistories(@ForAll long seed) {
    run(seed, 120);
  }

  /**
   * What a row is to carry; the period is that of its last push, or of its put when it has none.
   */
  private record Counts(float shows, float clicks, long period, boolean pushed) {
    Counts pushed(float moreShows, float moreClicks, long now) {
      double left = pushed ? Math.pow(0.5, (double) (now - period)) : 0;
      return new Counts(
          (float) (shows * left) + moreShows, (float) (clicks * left) + moreClicks, now, true);
    }

    double score(long now) {
      double left = Math.pow(0.5, (double) (now - period));
      return pushed
          ? 0.1 * (shows * left - clicks * left) + 1.0 * (clicks * left)
          : Double.POSITIVE_INFINITY;
    }

    boolean isLow(long now) {
      return now - period > 3 || score(now) < 0.8;
    }
  }

  /** What stands in the table: what its rows carry in their last 12 bytes. */
  private static Map<Long, List<Number>> carried(Table table) {
    Map<Long, List<Number>> found = new HashMap<>();
    try (TableScan scan = table.scan()) {
      for (long cursor = scan.next(0, carriedInto(found)); cursor != 0; ) {
        cursor = scan.next(cursor, carriedInto(found));
      }
    }
    return found;
  }

  private static ChangeVisitor carriedInto(Map<Long, List<Number>> found) {
    return new ChangeVisitor() {
      @Override
      public void row(long id, int time, MemorySegment row) {
        long counts = row.byteSize() - 12;
        found.put(
            id,
            List.of(
                row.get(ValueLayout.JAVA_FLOAT_UNALIGNED, counts),
                row.get(ValueLayout.JAVA_FLOAT_UNALIGNED, counts + 4),
                row.get(ValueLayout.JAVA_INT_UNALIGNED, counts + 8)));
      }

      @Override
      public void deleted(long id) {
        throw new AssertionError("a walk over rows shows a deletion");
      }
    };
  }

  private static Map<Long, List<Number>> carried(Map<Long, Counts> model) {
    Map<Long, List<Number>> wanted = new HashMap<>();
    model.forEach((id, counts) ->
        wanted.put(
            id,
            counts.pushed
                ? List.of(counts.shows, counts.clicks, (int) counts.period + 1)
                : List.of(0f, 0f, 0)));
    return wanted;
  }

  private static Store open(Path directory, Durability durability, SimulatedDisk disk) {
    StoreOptions options =
        StoreOptions.of(directory)
            .withMemoryBytes(StoreOptions.MIN_MEMORY_BYTES)
            .withDurability(durability)
            .withDiskLimitBytes(16L << 20);
    return EmberStore.open(
        options, () -> disk, log -> log.withSegmentBytes(LogOptions.MIN_SEGMENT_BYTES));
  }

  private static void run(long seed, int steps) {
    Random random = new Random(seed);
    Durability[] all = Durability.values();
    Durability durability = all[random.nextInt(all.length)];
    long floor = random.nextBoolean() ? 0 : 200 + random.nextInt(400);
    long cap = random.nextBoolean() ? 0 : 700 + random.nextInt(400);
    Path path = temporary();
    SimulatedDisk disk = new SimulatedDisk(seed);
    Map<Long, Counts> model = new HashMap<>();
    long time = 1000;
    Store store = open(path, durability, disk);
    try {
      store.createTable(spec(cap, floor));
      for (int step = 0; step < steps; step++) {
        String where = "seed %d, step %d".formatted(seed, step);
        Table table = store.table("t").orElseThrow();
        long[] some = random.longs(1 + random.nextInt(KEYS / 8), 0, KEYS).toArray();
        switch (random.nextInt(12)) {
          case 0, 1 -> {
            store.flush();
            SimulatedDisk crashed = disk.afterCrash(random.nextLong());
            store.close();
            disk = crashed;
            store = open(path, durability, disk);
          }
          case 2 -> {
            store.close();
            store = open(path, durability, disk);
          }
          case 3, 4, 5 -> shrink(table, model, cap, floor, time / PERIOD, where);
          case 6 -> {
            table.delete(MemorySegment.ofArray(some));
            for (long id : some) {
              model.remove(id);
            }
          }
          case 7 -> {
            table.put(
                MemorySegment.ofArray(some),
                MemorySegment.ofArray(new byte[8 * some.length]),
                time);
            for (long id : some) {
              model.put(id, new Counts(0, 0, time / PERIOD, false));
            }
          }
          default -> {
            time += random.nextInt(2 * PERIOD);
            pushSome(table, model, some, time, random);
          }
        }
        keepUpWithTheCap(store.table("t").orElseThrow(), model, cap);
        assertThat(carried(store.table("t").orElseThrow())).as(where).isEqualTo(carried(model));
      }
    } finally {
      store.close();
    }
  }

  private static void pushSome(
      Table table, Map<Long, Counts> model, long[] ids, long time, Random random) {
    float[] shows = new float[ids.length];
    float[] clicks = new float[ids.length];
    Map<Long, float[]> sums = new HashMap<>();
    for (int i = 0; i < ids.length; i++) {
      shows[i] = random.nextInt(12) + random.nextFloat();
      clicks[i] = random.nextInt(3) == 0 ? random.nextInt(3) : 0;
      float[] sum = sums.computeIfAbsent(ids[i], id -> new float[2]);
      sum[0] += shows[i];
      sum[1] += clicks[i];
    }
    push(table, time, ids, shows, clicks);
    Counts none = new Counts(0, 0, 0, false);
    sums.forEach((id, sum) ->
        model.merge(
            id,
            none.pushed(sum[0], sum[1], time / PERIOD),
            (old, first) -> old.pushed(sum[0], sum[1], time / PERIOD)));
  }

  /** Runs the rules on both; which of several equally low rows go is the table's to say. */
  private static void shrink(
      Table table, Map<Long, Counts> model, long cap, long floor, long now, String where) {
    keepUpWithTheCap(table, model, cap);
    long low = model.values().stream().filter(counts -> counts.isLow(now)).count();
    long dropped = Math.min(low, Math.max(0, model.size() - floor));
    long left = model.size() - dropped;
    long over = cap == 0 ? 0 : Math.max(0, left - cap);
    ShrinkReport wanted = new ShrinkReport(model.size(), 0, dropped, over);
    assertThat(table.shrink(true)).as(where).isEqualTo(wanted);
    Map<Long, Counts> before = new HashMap<>(model);
    assertThat(table.shrink(false)).as(where).isEqualTo(wanted);
    model.keySet().retainAll(carried(table).keySet());
    assertThat(model).as(where).hasSize((int) (left - over));
    List<Counts> gone = new ArrayList<>();
    before.forEach((id, counts) -> {
      if (!model.containsKey(id)) {
        gone.add(counts);
        assertThat(counts.isLow(now) || over > 0).as(where).isTrue();
      }
    });
    double highestGone =
        gone.stream()
            .filter(counts -> now - counts.period <= 3)
            .map(counts -> counts.score(now))
            .max(Comparator.naturalOrder())
            .orElse(Double.NEGATIVE_INFINITY);
    double lowestLeft =
        model.values().stream()
            .filter(counts -> over > 0 || counts.isLow(now))
            .map(counts -> counts.score(now))
            .min(Comparator.naturalOrder())
            .orElse(Double.POSITIVE_INFINITY);
    assertThat(highestGone).as(where).isLessThanOrEqualTo(lowestLeft);
  }

  /** Rows beyond the cap may go in the background, in which the model follows. */
  private static void keepUpWithTheCap(Table table, Map<Long, Counts> model, long cap) {
    if (cap > 0 && model.size() > cap + cap / 16) {
      table.shrink(false);
      model.keySet().retainAll(carried(table).keySet());
    }
  }

  private static Path temporary() {
    try {
      return Files.createTempDirectory("emberkv-scores");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

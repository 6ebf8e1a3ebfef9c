package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.compaction.LogOptions;
import dev.emberkv.engine.FeatureAdmission.Counted;
import dev.emberkv.engine.FeatureAdmission.Sight;
import dev.emberkv.simulation.SimulatedDisk;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which ids of pushes get a row. */
class FeatureAdmissionTest {
  private static final long MEMORY_BYTES = 32L << 20;

  @TempDir Path directory;

  private StoreOptions options() {
    return StoreOptions.of(directory).withMemoryBytes(MEMORY_BYTES);
  }

  private static Store open(StoreOptions options, SimulatedDisk disk) {
    return EmberStore.open(
        options, () -> disk, log -> log.withSegmentBytes(LogOptions.MIN_SEGMENT_BYTES));
  }

  private static TableSpec spec(FeatureAdmission admission) {
    return TableSpec.of("t", 1)
        .withOptimizer(Optimizer.sgd().withLearningRate(1))
        .withAdmission(admission);
  }

  private static byte[] statuses(Table table, long... keys) {
    byte[] statuses = new byte[keys.length];
    table.lookup(
        MemorySegment.ofArray(keys),
        MemorySegment.ofArray(new float[keys.length]),
        MemorySegment.ofArray(statuses));
    return statuses;
  }

  private static void push(Table table, long... keys) {
    float[] gradients = new float[keys.length];
    Arrays.fill(gradients, -1);
    table.push(keys, gradients);
  }

  private static float value(Table table, long key) {
    float[] row = new float[1];
    table.get(key, MemorySegment.ofArray(row));
    return row[0];
  }

  @Test
  void aRowIsMadeByThePushThatCompletesTheNumber() {
    try (Store store = Store.open(options())) {
      Table table = store.createTable(spec(new Counted(3, Sight.PUSHES)));
      // when one id is pushed to one by one, and another twice in one batch
      push(table, 1);
      push(table, 1, 2, 2);
      // then neither has a row, and that is told apart from an id that was never seen
      assertThat(table.size()).isZero();
      assertThat(statuses(table, 1, 2, 3))
          .containsExactly(RowStatus.NOT_ADMITTED, RowStatus.NOT_ADMITTED, RowStatus.MISSING);
      assertThat(table.stats().notAdmitted()).isEqualTo(3);
      // when they are seen for the third time
      push(table, 1, 2);
      // then they have, and learned from that push alone
      assertThat(statuses(table, 1, 2)).containsExactly(RowStatus.HOT, RowStatus.HOT);
      assertThat(value(table, 1)).isEqualTo(1);
      // and a row of zeros is a row
      table.put(9, MemorySegment.ofArray(new float[1]));
      assertThat(statuses(table, 9)).containsExactly(RowStatus.HOT);
      // and a row that was deleted starts from nothing
      table.delete(1);
      push(table, 1);
      assertThat(statuses(table, 1)).containsExactly(RowStatus.NOT_ADMITTED);
    }
  }

  @Test
  void whereLookupsCountAPushMakesTheRowAfterThem() {
    try (Store store = Store.open(options())) {
      Table table = store.createTable(spec(new Counted(2, Sight.LOOKUPS)));
      push(table, 1);
      assertThat(statuses(table, 1)).containsExactly(RowStatus.NOT_ADMITTED);
      push(table, 1);
      assertThat(table.size()).isZero();
      // when it was read often enough
      assertThat(statuses(table, 1)).containsExactly(RowStatus.MISSING);
      push(table, 1);
      // then
      assertThat(statuses(table, 1)).containsExactly(RowStatus.HOT);
    }
  }

  @Test
  void chanceDependsOnSeedIdAndTokenAlone(@TempDir Path other) {
    int ids = 4000;
    long[] keys = LongStream.range(0, ids).toArray();
    List<byte[]> outcomes = new ArrayList<>();
    for (Path path : List.of(directory, other)) {
      try (Store store = Store.open(StoreOptions.of(path).withMemoryBytes(MEMORY_BYTES))) {
        Table table = store.createTable(spec(new FeatureAdmission.Chance(0.25)));
        byte[] before = statuses(table, keys);
        push(table, keys);
        push(table, keys);
        byte[] after = statuses(table, keys);
        outcomes.add(after);
        for (int i = 0; i < ids; i++) {
          // what a lookup said is what pushes without a token find
          assertThat(after[i])
              .isEqualTo(before[i] == RowStatus.MISSING ? RowStatus.HOT : RowStatus.NOT_ADMITTED);
        }
        assertThat(table.size()).isBetween(ids / 5L, ids * 3L / 10);
        // a push with a token draws anew, and its repetition changes nothing
        long size = table.size();
        float[] gradients = new float[ids];
        PushOptions token = PushOptions.none().withToken(new byte[] {1, 2});
        table.push(MemorySegment.ofArray(keys), MemorySegment.ofArray(gradients), token);
        assertThat(table.size()).isGreaterThan(size + ids / 10);
        long then = table.size();
        table.push(MemorySegment.ofArray(keys), MemorySegment.ofArray(gradients), token);
        assertThat(table.size()).isEqualTo(then);
      }
    }
    assertThat(outcomes.get(0)).isEqualTo(outcomes.get(1));
  }

  @ParameterizedTest
  @EnumSource(Durability.class)
  void countsBeginAnewAfterACrashAndRowsStay(Durability durability) {
    SimulatedDisk disk = new SimulatedDisk(7);
    StoreOptions options = options().withDurability(durability);
    Counted twice = new Counted(2, Sight.PUSHES);
    SimulatedDisk crashed;
    try (Store store = open(options, disk)) {
      Table table = store.createTable(spec(twice));
      push(table, 1, 1, 2);
      store.flush();
      crashed = disk.afterCrash(5);
    }
    try (Store store = open(options, crashed)) {
      Table table = store.table("t").orElseThrow();
      // then the rule and the rows are there, and no id is let in early
      assertThat(table.spec().admission()).isEqualTo(twice);
      assertThat(table.size()).isEqualTo(1);
      push(table, 2);
      assertThat(table.size()).isEqualTo(1);
      push(table, 2);
      assertThat(table.size()).isEqualTo(2);
      // and clearing a table forgets what was counted
      push(table, 3);
      store.clear();
      push(table, 3);
      assertThat(table.size()).isZero();
    }
  }

  @Test
  void countersAreBoundedAndTakenOutOfTheBudget() {
    try (Store store = Store.open(options())) {
      Table table = store.createTable(spec(new Counted(2, Sight.PUSHES)));
      long empty = store.stats().indexBytes() - table.stats().counterBytes();
      long[] keys = new long[10_000];
      for (long first = 0; first < 1_000_000; first += keys.length) {
        for (int i = 0; i < keys.length; i++) {
          keys[i] = first + i;
        }
        push(table, keys);
      }
      long counterBytes = table.stats().counterBytes();
      assertThat(counterBytes).isBetween(MEMORY_BYTES / 64, MEMORY_BYTES / 32);
      assertThat(table.size()).as("let in early, of 1,000,000").isLessThan(20_000);
      // then they are counted with the indexes, and given back with the table
      assertThat(store.stats().indexBytes()).isGreaterThanOrEqualTo(empty + counterBytes);
      assertThat(store.stats().memoryBytes()).isLessThanOrEqualTo(MEMORY_BYTES);
      store.dropTable("t");
      assertThat(store.stats().indexBytes()).isLessThanOrEqualTo(empty);
    }
  }

  @Test
  void admittedRowsAreExactlyThoseSeenTwiceWhateverTierAndBatch() {
    // given the smallest memory, so that rows and batches go through all tiers
    long seed = 3;
    Random random = new Random(seed);
    TableSpec wide =
        TableSpec.of("t", 256)
            .withOptimizer(Optimizer.adagrad())
            .withAdmission(new Counted(2, Sight.PUSHES));
    Map<Long, Integer> seen = new HashMap<>();
    try (Store store = Store.open(options().withMemoryBytes(StoreOptions.MIN_MEMORY_BYTES * 2))) {
      Table table = store.createTable(wide);
      for (int batch = 0; batch < 60; batch++) {
        long[] keys = new long[200];
        for (int i = 0; i < keys.length; i++) {
          keys[i] = (long) (Math.pow(random.nextDouble(), 3) * 8000);
          seen.merge(keys[i], 1, Integer::sum);
        }
        table.push(keys, new float[keys.length * 256]);
      }
      // then
      for (long key = 0; key < 8000; key++) {
        byte status = table.get(key, MemorySegment.ofArray(new float[256]));
        int times = seen.getOrDefault(key, 0);
        assertThat(status == RowStatus.HOT || status == RowStatus.COLD)
            .as("key %d, seen %d times", key, times)
            .isEqualTo(times >= 2);
        assertThat(status == RowStatus.NOT_ADMITTED).isEqualTo(times == 1);
      }
      assertThat(table.size()).isEqualTo(seen.values().stream().filter(n -> n >= 2).count());
    }
  }

  @Test
  void rulesStandInTheDefinitionAndUnsoundOnesAreRefused() {
    for (FeatureAdmission admission :
        List.of(
            new FeatureAdmission.All(),
            new Counted(255, Sight.LOOKUPS),
            new FeatureAdmission.Chance(0.125))) {
      TableSpec spec = spec(admission);
      assertThat(TableCodec.decode(TableCodec.encode(spec))).isEqualTo(spec);
    }
    byte[] unknown = TableCodec.encode(spec(new Counted(2, Sight.PUSHES)));
    ByteBuffer.wrap(unknown).put(32 + OptimizerCodec.BYTES + 1, (byte) 99);
    assertThatThrownBy(() -> TableCodec.decode(unknown)).hasMessageContaining("rule 99");
    try (Store store = Store.open(options())) {
      TableSpec still = spec(new Counted(2, Sight.PUSHES)).withOptimizer(Optimizer.none());
      assertThatThrownBy(() -> store.createTable(still))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("admission decides about pushes");
      assertThat(store.tables()).isEmpty();
    }
  }
}

package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.emberkv.compaction.LogOptions;
import dev.emberkv.simulation.SimulatedDisk;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class PushTest {
  private static final long MEMORY_BYTES = 32L << 20;

  @TempDir Path directory;

  private StoreOptions options() {
    return StoreOptions.of(directory).withMemoryBytes(MEMORY_BYTES);
  }

  private static float[] floats(Table table, long... keys) {
    float[] rows = new float[keys.length * table.spec().dim()];
    table.lookupFloats(
        MemorySegment.ofArray(keys), MemorySegment.ofArray(rows), MemorySegment.NULL);
    return rows;
  }

  private static PushOptions token(String token) {
    return PushOptions.none().withToken(token.getBytes(StandardCharsets.UTF_8));
  }

  private static boolean push(Table table, long[] keys, float[] gradients, PushOptions options) {
    return table.push(MemorySegment.ofArray(keys), MemorySegment.ofArray(gradients), options);
  }

  private static TableSpec counting(int dim) {
    return TableSpec.of("t", dim).withOptimizer(Optimizer.sgd().withLearningRate(1));
  }

  @Test
  void gradientsOfOneIdAreSummedFirstAndInTheirOrder() {
    // given gradients whose sum depends on the order
    float[] gradients = {1e8f, 3, -1e8f, 0.5f, 1, 7};
    long[] keys = {5, 5, 5, 5, 5, -1};
    float sum = 1e8f;
    for (int i = 1; i < 5; i++) {
      sum += gradients[i];
    }
    try (Store store = Store.open(options())) {
      TableSpec spec = TableSpec.of("t", 1).withOptimizer(Optimizer.adagrad());
      Table table = store.createTable(spec);
      Table once =
          store.createTable(
              TableSpec.of("u", 1)
                  .withDtype(spec.dtype())
                  .withInitializer(spec.initializer(), 0)
                  .withOptimizer(spec.optimizer()));
      // when they come in one push, and their sum in another
      table.push(keys, gradients);
      once.push(new long[] {-1, 5}, new float[] {7, sum});
      // then the rows are the same
      assertThat(floats(table, 5, -1)).isEqualTo(floats(once, 5, -1));
      assertThat(table.size()).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @EnumSource(Dtype.class)
  void rowsOfAllFormatsLearnAndAreReadAsFloats(Dtype dtype) {
    TableSpec spec =
        counting(19).withDtype(dtype).withInitializer(new Initializer.Uniform(-1, 1), 3);
    try (Store store = Store.open(options())) {
      Table table = store.createTable(spec);
      float[] before = floats(table, 9);
      assertThat(table.size()).isZero();
      float[] gradient = new float[19];
      Arrays.fill(gradient, 0.5f);
      table.push(new long[] {9}, gradient);
      float[] after = floats(table, 9);
      float precision = dtype == Dtype.F32 ? 1e-6f : dtype == Dtype.I8 ? 0.01f : 0.005f;
      for (int i = 0; i < 19; i++) {
        assertThat(after[i]).isCloseTo(before[i] - 0.5f, within(precision));
      }
      // and the stored bytes read as these floats
      byte[] stored = new byte[spec.rowBytes()];
      assertThat(table.get(9, MemorySegment.ofArray(stored))).isEqualTo(RowStatus.HOT);
    }
  }

  @Test
  void badInputIsNamedAndChangesNothing() {
    try (Store store = Store.open(options())) {
      Table plain = store.createTable(TableSpec.of("plain", 2));
      Table table =
          store.createTable(counting(2).withOptimizer(Optimizer.sgd().withRejectsNan(true)));
      assertThatThrownBy(() -> plain.push(new long[] {1}, new float[2]))
          .hasMessage("table plain has no optimizer that a push could run");
      assertThatThrownBy(() -> table.push(new long[] {1, 2}, new float[3]))
          .hasMessage("gradients has 12 bytes, 2 keys of table t with 2 f32 values each have 16");
      assertThatThrownBy(() ->
              push(table, new long[] {1, -1}, new float[] {1, 1, 1, Float.NaN}, token("refused")))
          .hasMessage(
              "the gradient of key 18446744073709551615, row 1 of the push, is NaN in column 1");
      assertThatThrownBy(() ->
              table.push(
                  MemorySegment.ofArray(new byte[9]),
                  MemorySegment.ofArray(new float[2]),
                  PushOptions.none()))
          .hasMessageContaining("keys has 9 bytes");
      assertThat(table.size()).isZero();
      assertThat(push(table, new long[] {1}, new float[] {1, 1}, token("refused"))).isTrue();
      table.push(new long[] {}, new float[] {});
      assertThat(table.size()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @EnumSource(Durability.class)
  void aTokenIsAppliedOnceAlsoAcrossReopening(Durability durability) {
    StoreOptions options = options().withDurability(durability);
    try (Store store = Store.open(options)) {
      Table table = store.createTable(counting(1));
      assertThat(push(table, new long[] {1}, new float[] {-1}, token("a"))).isTrue();
      assertThat(push(table, new long[] {1}, new float[] {-1}, token("a"))).isFalse();
      assertThat(push(table, new long[] {1}, new float[] {-2}, token("b"))).isTrue();
      assertThat(floats(table, 1)).containsExactly(3);
    }
    try (Store store = Store.open(options)) {
      Table table = store.table("t").orElseThrow();
      assertThat(push(table, new long[] {1}, new float[] {-1}, token("a"))).isFalse();
      assertThat(push(table, new long[] {1}, new float[] {-2}, token("b"))).isFalse();
      assertThat(floats(table, 1)).containsExactly(3);
      // a table that is cleared, or dropped and made again, has had no pushes
      store.clear();
      assertThat(push(table, new long[] {1}, new float[] {-1}, token("a"))).isTrue();
      store.dropTable("t");
      Table again = store.createTable(counting(1));
      assertThat(push(again, new long[] {1}, new float[] {-1}, token("a"))).isTrue();
      assertThat(floats(again, 1)).containsExactly(1);
    }
    try (Store store = Store.open(options)) {
      Table table = store.table("t").orElseThrow();
      assertThat(push(table, new long[] {1}, new float[] {-1}, token("a"))).isFalse();
      assertThat(push(table, new long[] {1}, new float[] {-1}, token("b"))).isTrue();
    }
  }

  @Test
  void theNewestTokensAreRemembered() {
    int count = PushTokens.REMEMBERED + 10;
    try (Store store = Store.open(options())) {
      Table table = store.createTable(counting(1));
      for (int i = 0; i < count; i++) {
        assertThat(push(table, new long[] {1}, new float[] {-1}, token("t" + i))).isTrue();
      }
    }
    try (Store store = Store.open(options())) {
      Table table = store.table("t").orElseThrow();
      assertThat(push(table, new long[] {1}, new float[] {-1}, token("t10"))).isFalse();
      assertThat(push(table, new long[] {1}, new float[] {-1}, token("t" + (count - 1)))).isFalse();
      assertThat(push(table, new long[] {1}, new float[] {-1}, token("t9"))).isTrue();
    }
  }

  /** Rows in DRAM, on the device, brought back by a crash, and moved by a reopening. */
  @ParameterizedTest
  @CsvSource({
    "F32, 16, EVERYSEC",
    "F16, 40, EVERYSEC",
    "BF16, 5, CHECKPOINT",
    "I8, 33, ALWAYS",
    "F32, 16, ALWAYS"
  })
  void whereverTheRowsAreTheBitsAreTheSame(Dtype dtype, int dim, Durability durability) {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("PushTest seed " + seed);
    for (Optimizer optimizer : new Optimizer[] {Optimizer.adam(), Optimizer.adagrad()}) {
      TableSpec spec =
          TableSpec.of("t", dim)
              .withDtype(dtype)
              .withInitializer(new Initializer.Normal(0, 0.1f), 8)
              .withOptimizer(optimizer.withLearningRate(0.05));
      compare(spec, durability, seed);
    }
  }

  private void compare(TableSpec spec, Durability durability, long seed) {
    int rows = 60_000;
    int rounds = 24;
    StoreOptions small =
        StoreOptions.of(directory.resolve("s" + spec.optimizer().rule().getClass().getSimpleName()))
            .withMemoryBytes(StoreOptions.MIN_MEMORY_BYTES)
            .withDurability(durability);
    StoreOptions large =
        StoreOptions.of(directory.resolve("l" + spec.optimizer().rule().getClass().getSimpleName()))
            .withMemoryBytes(256L << 20);
    SimulatedDisk disk = new SimulatedDisk(seed);
    Random random = new Random(seed);
    try (Store calm = Store.open(large)) {
      Table expected = calm.createTable(spec);
      Store store = open(small, disk);
      try {
        Table table = store.createTable(spec);
        store.flush();
        for (int round = 0; round < rounds; round++) {
          long[] keys = keys(random, rows);
          float[] gradients = gradients(random, keys.length * spec.dim());
          table.push(keys, gradients);
          expected.push(keys, gradients);
          if (random.nextInt(3) == 0) {
            store.flush();
          }
          if (random.nextInt(6) == 0) {
            store.checkpoint(); // what is in DRAM alone would be lost
            SimulatedDisk crashed = disk.afterCrash(random.nextLong());
            store.close();
            disk = crashed;
            store = open(small, disk);
          } else if (random.nextInt(6) == 0) {
            store.close();
            store = open(small, disk);
          }
          table = store.table("t").orElseThrow();
        }
        requireEqual(expected, table, rows);
        assertThat(calm.stats().coldHits()).isZero();
        assertThat(store.stats().coldHits()).isPositive();
      } finally {
        store.close();
      }
    }
  }

  private static Store open(StoreOptions options, SimulatedDisk disk) {
    return EmberStore.open(
        options, () -> disk, log -> log.withSegmentBytes(LogOptions.MIN_SEGMENT_BYTES));
  }

  private static long[] keys(Random random, int rows) {
    return LongStream.range(0, 1 + random.nextInt(6000))
        .map(i -> random.nextInt(4) == 0 ? random.nextInt(50) : random.nextInt(rows))
        .toArray();
  }

  private static float[] gradients(Random random, int count) {
    float[] gradients = new float[count];
    for (int i = 0; i < count; i++) {
      gradients[i] = (float) random.nextGaussian();
    }
    return gradients;
  }

  private static void requireEqual(Table expected, Table found, int rows) {
    assertThat(found.size()).isEqualTo(expected.size());
    long[] all = LongStream.range(0, rows).toArray();
    int rowBytes = expected.spec().rowBytes();
    MemorySegment left = MemorySegment.ofArray(new byte[rows * rowBytes]);
    MemorySegment right = MemorySegment.ofArray(new byte[rows * rowBytes]);
    expected.lookup(all, left);
    found.lookup(all, right);
    assertThat(left.mismatch(right)).isEqualTo(-1);
    // the state behind the rows shows in the next step
    float[] ones = new float[rows * expected.spec().dim()];
    Arrays.fill(ones, 1);
    expected.push(all, ones);
    found.push(all, ones);
    expected.lookup(all, left);
    found.lookup(all, right);
    assertThat(left.mismatch(right)).isEqualTo(-1);
  }

  @Test
  void aRowThatIsTooLargeForDramLearnsOnTheDevice() {
    TableSpec spec =
        TableSpec.of("t", TableSpec.MAX_DIM).withOptimizer(Optimizer.adam().withLearningRate(1));
    assertThat(spec.storedRowBytes()).isGreaterThan(Keyspace.MAX_SLOT_PAYLOAD_BYTES);
    float[] gradient = new float[TableSpec.MAX_DIM];
    Arrays.fill(gradient, -1);
    float[] second;
    try (Store store = Store.open(options())) {
      Table table = store.createTable(spec);
      table.push(new long[] {3}, gradient);
      assertThat(floats(table, 3)[65_535]).isCloseTo(1, within(1e-5f));
      table.push(new long[] {3}, gradient);
      second = floats(table, 3);
    }
    try (Store store = Store.open(options())) {
      Table table = store.table("t").orElseThrow();
      assertThat(floats(table, 3)).isEqualTo(second);
      MemorySegment status = MemorySegment.ofArray(new byte[1]);
      table.lookup(
          MemorySegment.ofArray(new long[] {3}), MemorySegment.ofArray(new float[65_536]), status);
      assertThat(status.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo(RowStatus.COLD);
    }
  }
}

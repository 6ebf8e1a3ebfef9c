package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.uring.RawMemory;
import dev.emberkv.uring.Vectors;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PooledLookupTest {
  private static final int ROWS = 30_000;

  @TempDir Path directory;

  /** Bags of all sizes, from the device and DRAM, against sums over plain lookups. */
  @ParameterizedTest
  @EnumSource(Dtype.class)
  void bagsAreTheSumsOfTheirRowsInOrder(Dtype dtype) {
    Random random = new Random(dtype.code);
    TableSpec spec =
        TableSpec.of("t", 37)
            .withDtype(dtype)
            .withInitializer(new Initializer.Normal(0, 1), 3)
            .withOptimizer(Optimizer.sgd().withLearningRate(1));
    StoreOptions options =
        StoreOptions.of(directory).withMemoryBytes(StoreOptions.MIN_MEMORY_BYTES);
    try (Store store = Store.open(options)) {
      Table table = store.createTable(spec);
      long[] all = LongStream.range(0, ROWS).toArray();
      float[] gradients = new float[ROWS * 37];
      for (int i = 0; i < gradients.length; i++) {
        gradients[i] = (float) random.nextGaussian();
      }
      table.push(all, gradients);
      for (Pooling pooling : Pooling.values()) {
        for (int round = 0; round < 6; round++) {
          compare(table, pooling, random, round % 2 == 0);
        }
      }
    }
  }

  private static void compare(Table table, Pooling pooling, Random random, boolean weighted) {
    int dim = table.spec().dim();
    int bags = 1 + random.nextInt(200);
    int[] offsets = new int[bags];
    int count = 0;
    for (int bag = 0; bag < bags; bag++) {
      offsets[bag] = count;
      int size = random.nextInt(20) == 0 ? random.nextInt(5000) : random.nextInt(40);
      count += random.nextInt(4) == 0 ? 0 : size;
    }
    long[] keys = random.longs(count, 0, 2 * ROWS).toArray();
    float[] weights = new float[weighted ? count : 0];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = random.nextFloat();
    }
    float[] pooled = new float[bags * dim];
    table.pool(
        pooling,
        MemorySegment.ofArray(keys),
        MemorySegment.ofArray(offsets),
        weighted ? MemorySegment.ofArray(weights) : MemorySegment.NULL,
        MemorySegment.ofArray(pooled));

    float[] rows = new float[count * dim];
    table.lookupFloats(
        MemorySegment.ofArray(keys), MemorySegment.ofArray(rows), MemorySegment.NULL);
    for (int bag = 0; bag < bags; bag++) {
      int end = bag + 1 < bags ? offsets[bag + 1] : count;
      for (int column = 0; column < dim; column++) {
        float sum = 0;
        for (int i = offsets[bag]; i < end; i++) {
          sum += weighted ? rows[i * dim + column] * weights[i] : rows[i * dim + column];
        }
        if (pooling == Pooling.MEAN && end > offsets[bag]) {
          sum *= (float) (1.0 / (end - offsets[bag]));
        }
        if (pooled[bag * dim + column] != sum) {
          throw new AssertionError(
              "%s of bag %d, column %d is %s, not %s"
                  .formatted(pooling, bag, column, pooled[bag * dim + column], sum));
        }
      }
    }
  }

  @Test
  void vectorAndScalarCodeGiveTheSameBits() {
    Assumptions.assumeTrue(Vectors.ENABLED, "no vector code on this machine");
    Random random = new Random(5);
    for (int dim : new int[] {1, 16, 31, 64, 100}) {
      try (Arena arena = Arena.ofConfined()) {
        int count = 50;
        long rows = arena.allocate(4L * count * dim, 64).address();
        long weights = arena.allocate(4L * count, 64).address();
        long byVector = arena.allocate(4L * dim, 64).address();
        long byScalar = arena.allocate(4L * dim, 64).address();
        for (int i = 0; i < count * dim; i++) {
          RawMemory.putFloat(rows + 4L * i, (float) random.nextGaussian());
        }
        for (int i = 0; i < count; i++) {
          RawMemory.putFloat(weights + 4L * i, (float) random.nextGaussian());
        }
        for (long factors : new long[] {0, weights}) {
          new BagSums(dim, true).add(byVector, rows, count, factors);
          new BagSums(dim, false).add(byScalar, rows, count, factors);
          for (int i = 0; i < dim; i++) {
            assertThat(RawMemory.getInt(byVector + 4L * i))
                .isEqualTo(RawMemory.getInt(byScalar + 4L * i));
          }
        }
      }
    }
  }

  @Test
  void bagsThatDoNotFitAreNamed() {
    StoreOptions options = StoreOptions.of(directory).withMemoryBytes(32L << 20);
    try (Store store = Store.open(options)) {
      Table table = store.createTable(TableSpec.of("t", 2));
      refuse(table, 3, new int[] {1}, 0, 2, "offset 0 is 1");
      refuse(table, 3, new int[] {0, 2, 1}, 0, 6, "offset 2 is 1");
      refuse(table, 3, new int[] {0, 4}, 0, 4, "offset 1 is 4");
      refuse(table, 3, new int[] {0, -1}, 0, 4, "offset 1 is 4294967295");
      refuse(table, 3, new int[] {}, 0, 0, "3 keys are in no bag");
      refuse(table, 3, new int[] {0}, 2, 2, "weights has 8 bytes, 3 keys have 12");
      refuse(table, 3, new int[] {0, 1}, 0, 3, "pooled has 12 bytes, 2 bags of 8 bytes need 16");
      table.pool(
          Pooling.SUM,
          MemorySegment.ofArray(new long[0]),
          MemorySegment.ofArray(new int[0]),
          MemorySegment.NULL,
          MemorySegment.NULL);
      MemorySegment pooled = MemorySegment.ofArray(new float[] {5, 5});
      table.pool(
          Pooling.MEAN,
          MemorySegment.ofArray(new long[0]),
          MemorySegment.ofArray(new int[1]),
          MemorySegment.NULL,
          pooled);
      assertThat(pooled.toArray(ValueLayout.JAVA_FLOAT)).containsExactly(0, 0);
    }
  }

  private static void refuse(
      Table table, int keys, int[] offsets, int weights, int floats, String message) {
    assertThatThrownBy(() ->
            table.pool(
                Pooling.SUM,
                MemorySegment.ofArray(new long[keys]),
                MemorySegment.ofArray(offsets),
                MemorySegment.ofArray(new float[weights]),
                MemorySegment.ofArray(new float[floats])))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}

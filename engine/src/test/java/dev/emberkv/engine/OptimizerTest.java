package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.emberkv.uring.RawMemory;
import dev.emberkv.uring.Vectors;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class OptimizerTest {
  private static final int DIM = 37;
  private static final int ROWS = 8;
  private static final int STEPS = 1000;

  @TempDir Path directory;

  /** Every rule, with its defaults and with everything that can be set. */
  static Stream<Optimizer> optimizers() {
    return Stream.of(
        Optimizer.sgd(),
        Optimizer.of(new Optimizer.Rule.Sgd(0.9), 0.01).withWeightDecay(0.05),
        Optimizer.adagrad(),
        Optimizer.of(new Optimizer.Rule.Adagrad(0.1, 1e-7), 0.05).withMaxGradientNorm(2),
        Optimizer.rowwiseAdagrad(),
        Optimizer.of(new Optimizer.Rule.RowwiseAdagrad(0.5, 1e-7), 0.05)
            .withMaxGradientNorm(3)
            .withWeightDecay(0.01),
        Optimizer.adam(),
        Optimizer.of(new Optimizer.Rule.Adam(0.8, 0.99, 1e-6), 0.01).withWeightDecay(0.02),
        Optimizer.adamW(),
        Optimizer.adamW().withWeightDecay(0.2).withMaxGradientNorm(1).withLearningRate(0.02),
        Optimizer.ftrl(),
        Optimizer.of(new Optimizer.Rule.Ftrl(0.5, 0.3, 0.1), 0.1));
  }

  @ParameterizedTest
  @MethodSource("optimizers")
  void aThousandStepsFollowTheFormula(Optimizer optimizer) {
    // given a table whose rows start anywhere, and the same rows in double precision
    TableSpec spec =
        TableSpec.of("t", DIM)
            .withInitializer(new Initializer.Normal(0, 1), 5)
            .withOptimizer(optimizer);
    long[] keys = LongStream.range(0, ROWS).toArray();
    float[] rows = new float[ROWS * DIM];
    try (Store store = Store.open(StoreOptions.of(directory).withMemoryBytes(32L << 20))) {
      Table table = store.createTable(spec);
      table.lookup(keys, MemorySegment.ofArray(rows));
      ReferenceOptimizer[] expected = new ReferenceOptimizer[ROWS];
      for (int row = 0; row < ROWS; row++) {
        expected[row] = new ReferenceOptimizer(optimizer, rowOf(rows, row));
      }
      // when both take steps along random gradients, at learning rates that change
      Random random = new Random(3);
      for (int i = 0; i < STEPS; i++) {
        double rate = optimizer.learningRate() * (i % 3 == 0 ? 1 : 0.5);
        step(table, keys, expected, random, rate);
      }
      // then they are in the same place
      table.lookup(keys, MemorySegment.ofArray(rows));
      for (int row = 0; row < ROWS; row++) {
        requireClose(expected[row].weights, rowOf(rows, row));
      }
    }
  }

  private static void step(
      Table table, long[] keys, ReferenceOptimizer[] expected, Random random, double rate) {
    float[] gradients = new float[ROWS * DIM];
    for (int row = 0; row < ROWS; row++) {
      double[] gradient = new double[DIM];
      for (int i = 0; i < DIM; i++) {
        float value = (float) random.nextGaussian();
        gradients[row * DIM + i] = value;
        gradient[i] = value;
      }
      expected[row].step(gradient, rate);
    }
    table.push(
        MemorySegment.ofArray(keys),
        MemorySegment.ofArray(gradients),
        PushOptions.none().withLearningRate(rate));
  }

  private static float[] rowOf(float[] rows, int row) {
    return java.util.Arrays.copyOfRange(rows, row * DIM, (row + 1) * DIM);
  }

  /** To 1e-5 of the row's length, and each element to 1e-5 or as much of the typical element. */
  private static void requireClose(double[] expected, float[] found) {
    double length = 0;
    double error = 0;
    for (int i = 0; i < DIM; i++) {
      length += expected[i] * expected[i];
      error += (found[i] - expected[i]) * (found[i] - expected[i]);
    }
    double typical = Math.sqrt(length / DIM);
    assertThat(Math.sqrt(error)).isLessThanOrEqualTo(1e-5 * Math.sqrt(length));
    for (int i = 0; i < DIM; i++) {
      double scale = Math.max(Math.abs(expected[i]), typical);
      assertThat((double) found[i]).as("column %d", i).isCloseTo(expected[i], within(1e-5 * scale));
    }
  }

  @ParameterizedTest
  @MethodSource("optimizers")
  void vectorAndScalarCodeGiveTheSameBits(Optimizer optimizer) {
    Assumptions.assumeTrue(Vectors.ENABLED, "no vector code on this machine");
    Random random = new Random(17);
    for (int dim : new int[] {1, 7, 16, 31, 64, 100}) {
      int state = optimizer.rule().stateFloats(dim);
      try (Arena arena = Arena.ofConfined()) {
        long vectorRow = arena.allocate(4L * (dim + state) + 64, 64).address() + 2;
        long scalarRow = arena.allocate(4L * (dim + state) + 64, 64).address();
        long gradient = arena.allocate(4L * dim, 64).address();
        OptimizerStep vector = step(optimizer, dim, arena, true);
        OptimizerStep scalar = step(optimizer, dim, arena, false);
        for (int i = 0; i < dim; i++) {
          float weight = (float) random.nextGaussian();
          RawMemory.putFloat(vectorRow + 4L * i, weight);
          RawMemory.putFloat(scalarRow + 4L * i, weight);
        }
        for (int round = 0; round < 200; round++) {
          float size = Math.scalb(1f, random.nextInt(40) - 30);
          for (int i = 0; i < dim; i++) {
            float value = random.nextInt(8) == 0 ? 0 : size * (float) random.nextGaussian();
            RawMemory.putFloat(gradient + 4L * i, value);
          }
          vector.clip(gradient);
          vector.run(vectorRow, vectorRow + 4L * dim, gradient);
          scalar.run(scalarRow, scalarRow + 4L * dim, gradient);
          for (int at = 0; at < 4 * (dim + state); at += 4) {
            assertThat(RawMemory.getInt(vectorRow + at))
                .isEqualTo(RawMemory.getInt(scalarRow + at));
          }
        }
      }
    }
  }

  private static OptimizerStep step(Optimizer optimizer, int dim, Arena arena, boolean vectors) {
    long scratch = arena.allocate(4L * dim, 64).address();
    return new OptimizerStep(optimizer, dim, optimizer.learningRate(), scratch, vectors);
  }

  @Test
  void powersAreThoseOfTheMathLibrary() {
    for (int exponent : new int[] {0, 1, 2, 3, 10, 1000, 12_345, 1 << 24}) {
      for (double base : new double[] {0, 0.5, 0.9, 0.999, 0.999999}) {
        assertThat(OptimizerStep.power(base, exponent))
            .isCloseTo(Math.pow(base, exponent), within(1e-12));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("optimizers")
  void aDefinitionIsReadBackAsItWasWritten(Optimizer optimizer) {
    TableSpec spec =
        TableSpec.of("été", 3).withOptimizer(optimizer.withRejectsNan(true)).withDtype(Dtype.I8);
    assertThat(TableCodec.decode(TableCodec.encode(spec))).isEqualTo(spec);
    ByteBuffer definition = ByteBuffer.wrap(TableCodec.encode(spec));
    assertThat(definition.get(0)).isEqualTo((byte) 2);
    assertThat(TableCodec.encode(spec.withOptimizer(Optimizer.none()))[0]).isEqualTo((byte) 1);
  }

  @Test
  void parametersOutOfRangeAreNamed() {
    List<Runnable> mistakes =
        List.of(
            () -> Optimizer.sgd().withLearningRate(0),
            () -> Optimizer.sgd().withLearningRate(Double.NaN),
            () -> Optimizer.sgd().withLearningRate(1e300),
            () -> Optimizer.sgd().withWeightDecay(-1),
            () -> Optimizer.sgd().withMaxGradientNorm(0),
            () -> new Optimizer.Rule.Sgd(1),
            () -> new Optimizer.Rule.Adagrad(-1, 0),
            () -> new Optimizer.Rule.Adam(0.9, 1.5, 0),
            () -> new Optimizer.Rule.Adam(0.9, 0.9999999999, 0),
            () -> new Optimizer.Rule.Ftrl(0, 0, 0),
            () -> PushOptions.none().withLearningRate(-1),
            () -> PushOptions.none().withToken(new byte[0]),
            () -> PushOptions.none().withToken(new byte[PushOptions.MAX_TOKEN_BYTES + 1]));
    for (Runnable mistake : mistakes) {
      assertThatThrownBy(mistake::run)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageMatching(".*not .*|.*, not.*");
    }
  }

  @Test
  void stateStartsAsTheRuleSaysAndPutsStartItAnew() {
    // given a row that has learned
    Optimizer optimizer = Optimizer.of(new Optimizer.Rule.Adagrad(0.25, 0), 1);
    TableSpec spec = TableSpec.of("t", 1).withOptimizer(optimizer);
    try (Store store = Store.open(StoreOptions.of(directory).withMemoryBytes(32L << 20))) {
      Table table = store.createTable(spec);
      assertThat(spec.rowBytes()).isEqualTo(4);
      assertThat(spec.storedRowBytes()).isEqualTo(8);
      MemorySegment row = MemorySegment.ofArray(new float[1]);
      for (int i = 0; i < 2; i++) {
        // when a gradient comes to a new row, or to one that was put: 1 / sqrt(0.25 + 0.75)
        table.push(new long[] {7}, new float[] {(float) Math.sqrt(0.75)});
        table.lookup(new long[] {7}, row);
        assertThat(row.get(ValueLayout.JAVA_FLOAT, 0))
            .isEqualTo((float) -Math.sqrt(0.75), within(1e-6f));
        table.push(new long[] {7}, new float[] {5});
        table.put(new long[] {7}, MemorySegment.ofArray(new float[1]));
      }
    }
  }
}

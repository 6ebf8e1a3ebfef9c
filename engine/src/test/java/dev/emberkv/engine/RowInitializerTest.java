package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class RowInitializerTest {
  private static float[] rows(TableSpec spec, int count) {
    RowInitializer initializer = new RowInitializer(spec);
    float[] values = new float[count * spec.dim()];
    MemorySegment rows = MemorySegment.ofArray(values);
    for (int key = 0; key < count; key++) {
      initializer.write(key, rows, (long) key * spec.rowBytes());
    }
    return values;
  }

  @Test
  void uniformRowsFillTheirRangeAndRepeat() {
    TableSpec spec =
        TableSpec.of("t", 16).withInitializer(new Initializer.Uniform(-0.5f, 0.25f), 42);
    float[] values = rows(spec, 20_000);
    double sum = 0;
    for (float value : values) {
      assertThat(value).isBetween(-0.5f, 0.25f).isNotEqualTo(0.25f);
      sum += value;
    }
    assertThat(sum / values.length).isCloseTo(-0.125, within(0.002));
    assertThat(rows(spec, 20_000)).isEqualTo(values);
    assertThat(rows(spec.withInitializer(spec.initializer(), 43), 20_000)).isNotEqualTo(values);
  }

  @Test
  void normalRowsHaveTheMomentsOfATruncatedNormal() {
    TableSpec spec = TableSpec.of("t", 16).withInitializer(new Initializer.Normal(1, 2), 7);
    float[] values = rows(spec, 20_000);
    double sum = 0;
    double squares = 0;
    for (float value : values) {
      assertThat(value).isBetween(1 - 2 * 2.0001f, 1 + 2 * 2.0001f);
      sum += value;
      squares += (double) (value - 1) * (value - 1);
    }
    assertThat(sum / values.length).isCloseTo(1, within(0.02));
    // variance of a normal truncated at two deviations: 1 - 4 phi(2) / (2 Phi(2) - 1)
    assertThat(squares / values.length).isCloseTo(4 * 0.7737, within(0.05));
  }

  @Test
  void valuesAreTheSameOnEveryMachine() {
    TableSpec spec = TableSpec.of("items", 3).withInitializer(new Initializer.Uniform(-1, 1), 2026);
    float[] values = rows(spec, 2);
    assertThat(values).containsExactly(EXPECTED);
  }

  private static final float[] EXPECTED = {
    0.7373466f, 0.80441695f, 0.44628096f, 0.50518847f, -0.39345533f, -0.6244497f
  };

  @Test
  void quantizedRowsComeCloseToTheirValues() {
    TableSpec exact = TableSpec.of("t", 64).withInitializer(new Initializer.Uniform(-3, 5), 1);
    TableSpec spec = exact.withDtype(Dtype.I8);
    byte[] row = new byte[spec.rowBytes()];
    new RowInitializer(spec).write(9, MemorySegment.ofArray(row), 0);
    float[] expected = new float[64];
    new RowInitializer(exact).write(9, MemorySegment.ofArray(expected), 0);
    MemorySegment segment = MemorySegment.ofArray(row);
    float scale = segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 64);
    float offset = segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 68);
    for (int i = 0; i < 64; i++) {
      assertThat(row[i] * scale + offset).isCloseTo(expected[i], within(scale * 0.501f));
    }
  }
}

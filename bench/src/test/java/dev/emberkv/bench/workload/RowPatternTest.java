package dev.emberkv.bench.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RowPatternTest {
  @ParameterizedTest
  @ValueSource(ints = {4, 8, 12, 256})
  void givenARowWhenAnyByteChangesThenItIsNoticed(int rowBytes) {
    RowPattern pattern = new RowPattern(rowBytes);
    byte[] bytes = new byte[3 * rowBytes];
    MemorySegment rows = MemorySegment.ofArray(bytes);
    pattern.fill(5, rows, rowBytes);
    assertThat(pattern.matches(5, rows, rowBytes)).isTrue();
    assertThat(pattern.matches(6, rows, rowBytes)).isFalse();
    for (int i = rowBytes; i < 2 * rowBytes; i++) {
      bytes[i] ^= 1;
      assertThat(pattern.matches(5, rows, rowBytes)).as("byte %d", i).isFalse();
      bytes[i] ^= 1;
    }
  }

  @Test
  void givenManyKeysWhenFilledThenNoTwoRowsAreEqual() {
    RowPattern pattern = new RowPattern(8);
    MemorySegment keys = MemorySegment.ofArray(LongStream.range(0, 10_000).toArray());
    long[] rows = new long[10_000];
    pattern.fillAll(keys, MemorySegment.ofArray(rows));
    assertThat(rows).doesNotHaveDuplicates();
  }

  @Test
  void givenAForeignRowWhenRequiredThenNamesTheKey() {
    RowPattern pattern = new RowPattern(8);
    assertThatThrownBy(() -> pattern.require(77, MemorySegment.ofArray(new long[1]), 0))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("row 77");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3, 6, -4})
  void givenAWidthThatNoRowHasWhenMadeThenIsRefused(int rowBytes) {
    assertThatThrownBy(() -> new RowPattern(rowBytes)).hasMessageContaining("" + rowBytes);
  }
}

package dev.emberkv.bench.workload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.BitSet;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class KeyStreamTest {
  private static final int DRAWS = 1_000_000;

  @ParameterizedTest
  @CsvSource({"10, 0.5", "10, 0.99", "10, 1", "10, 2", "1000, 0.99", "1, 0.99", "100000, 1.2"})
  void givenExponentWhenRanksAreDrawnThenTheyFollowTheLaw(int n, double exponent) {
    long seed = 20_261_121;
    ZipfRanks ranks = new ZipfRanks(n, exponent, new SplittableRandom(seed));
    long[] counts = new long[n + 1];
    for (int i = 0; i < DRAWS; i++) {
      counts[(int) ranks.next()]++;
    }

    double total = 0;
    for (int rank = 1; rank <= n; rank++) {
      total += Math.pow(rank, -exponent);
    }
    // Chi square over ranks with enough draws; the rest in one cell.
    double chiSquare = 0;
    int cells = 0;
    double restExpected = 0;
    long restCount = 0;
    for (int rank = 1; rank <= n; rank++) {
      double expected = DRAWS * Math.pow(rank, -exponent) / total;
      if (expected >= 20) {
        chiSquare += Math.pow(counts[rank] - expected, 2) / expected;
        cells++;
      } else {
        restExpected += expected;
        restCount += counts[rank];
      }
    }
    if (restExpected > 0) {
      chiSquare += Math.pow(restCount - restExpected, 2) / restExpected;
      cells++;
    }
    double degrees = cells - 1;
    assertThat(chiSquare)
        .as("chi square of %d cells, seed %d", cells, seed)
        .isLessThanOrEqualTo(degrees + 5 * Math.sqrt(2 * degrees));
  }

  @Property(tries = 200)
  void givenAnyCountWhenScatteredThenIsAPermutation(@ForAll @IntRange(min = 1, max = 5000) int n) {
    Scatter scatter = new Scatter(n);
    BitSet seen = new BitSet(n);
    for (int i = 0; i < n; i++) {
      long place = scatter.of(i);
      assertThat(place).isBetween(0L, n - 1L);
      seen.set((int) place);
    }
    assertThat(seen.cardinality()).isEqualTo(n);
  }

  @Test
  void givenManyRanksWhenScatteredThenNeighboursArePartedAndTheRangeIsCoveredEvenly() {
    long n = 16_000_000;
    Scatter scatter = new Scatter(n);
    int[] tenths = new int[10];
    int near = 0;
    for (int rank = 0; rank < 10_000; rank++) {
      long place = scatter.of(rank);
      tenths[(int) (place * 10 / n)]++;
      near += Math.abs(place - scatter.of(rank + 1)) < n / 1000 ? 1 : 0;
    }
    assertThat(IntStream.of(tenths).boxed())
        .allSatisfy(count -> assertThat(count).isBetween(850, 1150));
    assertThat(near).isLessThan(60); // 20 are expected of random places
  }

  @ParameterizedTest
  @ValueSource(strings = {"uniform", "zipf:0.99"})
  void givenASeedWhenDrawnTwiceThenTheKeysAreTheSameAndInRange(String distribution) {
    KeyStream first = KeyStream.of(Distribution.parse(distribution), 1000, 7);
    KeyStream again = KeyStream.of(Distribution.parse(distribution), 1000, 7);
    KeyStream other = KeyStream.of(Distribution.parse(distribution), 1000, 8);
    int different = 0;
    for (int i = 0; i < 1000; i++) {
      long key = first.next();
      assertThat(key).isBetween(0L, 999L).isEqualTo(again.next());
      different += key == other.next() ? 0 : 1;
    }
    assertThat(different).isPositive();
  }

  @Test
  void givenUniformWhenDrawnThenEveryTenthGetsItsShare() {
    KeyStream keys = KeyStream.of(Distribution.UNIFORM, 4_000_000, 3);
    int[] tenths = new int[10];
    for (int i = 0; i < 100_000; i++) {
      tenths[(int) (keys.next() / 400_000)]++;
    }
    assertThat(IntStream.of(tenths).boxed())
        .allSatisfy(count -> assertThat(count).isBetween(9_600, 10_400));
  }

  @ParameterizedTest
  @CsvSource({"0, 100, 0.1", "0.99, 100000, 0.7", "1, 2000000, 0.9", "1.5, 2000000, 0.9"})
  void givenTopRowsWhenAskedForTheirShareThenAgreesWithTheSum(
      double exponent, long rows, double part) {
    long top = (long) (rows * part);
    double topSum = 0;
    double sum = 0;
    for (long rank = rows; rank >= 1; rank--) {
      double weight = Math.pow((double) rank, -exponent);
      sum += weight;
      topSum += rank <= top ? weight : 0;
    }
    assertThat(new Distribution(exponent).shareOfTop(top, rows))
        .isCloseTo(topSum / sum, within(1e-6));
  }

  @ParameterizedTest
  @ValueSource(strings = {"zipf:", "zipf:x", "zipf:-1", "zipf:11", "normal", ""})
  void givenAnotherTextWhenParsedThenIsRefused(String text) {
    assertThatThrownBy(() -> Distribution.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }
}

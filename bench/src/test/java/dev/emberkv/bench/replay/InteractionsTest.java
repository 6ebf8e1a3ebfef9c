package dev.emberkv.bench.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class InteractionsTest {
  @Test
  void givenATraceWhenSplitThenTheLastItemOfEachUserIsHeldOut() {
    // given three users: 7 has three items, 9 one, 8 two; lines of one user need not be together
    Interactions trace =
        Interactions.of(List.of("7 100", "9 200", "7 100", "8 100", "7 300", "8 200"));

    // then
    assertThat(trace.users()).isEqualTo(3);
    assertThat(trace.items()).isEqualTo(3);
    assertThat(IntStream.range(0, 3).mapToObj(trace::userId)).containsExactly(7L, 9L, 8L);
    assertThat(IntStream.range(0, 3).mapToObj(trace::itemId)).containsExactly(100L, 200L, 300L);
    assertThat(trace.itemId(trace.heldOut(0))).isEqualTo(300);
    assertThat(trace.heldOut(1)).isEqualTo(Interactions.NONE);
    assertThat(trace.itemId(trace.heldOut(2))).isEqualTo(200);
    assertThat(
            IntStream.range(0, trace.trainCount())
                .mapToObj(
                    i -> trace.userId(trace.trainUser(i)) + " " + trace.itemId(trace.trainItem(i))))
        .containsExactly("7 100", "9 200", "7 100", "8 100");
    assertThat(trace.isPositive(0, 0)).isTrue();
    assertThat(trace.isPositive(0, 2)).as("held out").isFalse();
    assertThat(trace.isPositive(2, 1)).as("another user's").isFalse();
  }

  @Test
  void givenIdsOfTheWholeRangeWhenReadThenTheyAreKept() {
    Interactions trace = Interactions.of(List.of("18446744073709551615 0"));
    assertThat(trace.userId(0)).isEqualTo(-1L);
    assertThat(trace.itemId(0)).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "a b", "1 -1", "1 2.5", "1 99999999999999999999"})
  void givenALineThatIsNoPairWhenReadThenItIsNamed(String line) {
    assertThatThrownBy(() -> Interactions.of(List.of("1 2", line)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("line 2: '" + line + "'");
  }
}

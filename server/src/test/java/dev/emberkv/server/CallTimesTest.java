package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CallTimesTest {
  private static List<List<Long>> groups(CallTimes times) {
    List<List<Long>> groups = new ArrayList<>();
    times.forEach((micros, calls) -> groups.add(List.of(micros, calls)));
    return groups;
  }

  @Test
  void callsAreInTheFirstGroupThatReachesAsFar() {
    CallTimes times = new CallTimes();
    times.add(0, 2);
    times.add(1_031, 1);
    times.add(1_032, 1);
    times.add(20_000, 3);
    times.add(Long.MAX_VALUE, 1);

    List<List<Long>> groups = groups(times);

    assertThat(groups.subList(0, 3))
        .containsExactly(List.of(1L, 3L), List.of(2L, 4L), List.of(33L, 7L));
    assertThat(groups).hasSize(4);
    assertThat(groups.getLast().getLast()).isEqualTo(8);
    times.reset();
    assertThat(groups(times)).isEmpty();
  }
}

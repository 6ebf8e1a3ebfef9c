package dev.emberkv.peers.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.emberkv.bench.workload.KeyStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TraceTest {
  @TempDir private Path folder = Path.of("");

  private String file(String text) throws IOException {
    return Files.writeString(folder.resolve("trace.txt"), text).toString();
  }

  @Test
  void givenATraceWhenPlayedOnceThenEachLineIsItsUserAndItsItemInOrder() throws IOException {
    // given three users and two items, which share their names
    KeyStream keys = Trace.read(file("1 1\n2 1\n3 2\n")).open(5, 1);

    // when
    List<Long> played = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      played.add(keys.next());
    }

    // then it goes round from wherever it began
    List<Long> twice = List.of(0L, 1L, 2L, 1L, 3L, 4L, 0L, 1L, 2L, 1L, 3L, 4L);
    List<Long> thrice = new ArrayList<>(twice);
    thrice.addAll(twice);
    assertThat(java.util.Collections.indexOfSubList(thrice, played)).isIn(0, 2, 4);
  }

  @Test
  void givenALargeTableWhenPlayedThenSeveralPlayersFillItAndKeepTheShape() throws IOException {
    // given an item that is in half of the lines, and a hundred rows for five ids
    Trace trace = Trace.read(file("1 1\n2 1\n3 2\n3 1\n"));

    // when
    KeyStream keys = trace.open(100, 1);
    long[] uses = new long[100];
    for (int i = 0; i < 80_000; i++) {
      uses[(int) keys.next()]++;
    }

    // then
    assertThat(trace.players(100)).isEqualTo(20);
    assertThat(java.util.Arrays.stream(uses)).allMatch(count -> count > 0);
    assertThat(trace.shareOfTop(20, 100)).isCloseTo(3 / 8.0, within(1e-9));
    assertThat(java.util.Arrays.stream(uses, 20, 40).sum() / 80_000.0)
        .isCloseTo(3 / 8.0, within(0.02));
  }

  @Test
  void givenATableThatIsTooSmallOrATornLineWhenOpenedThenIsRefused() throws IOException {
    Trace trace = Trace.read(file("1 1\n2 1\n"));
    assertThatThrownBy(() -> trace.open(2, 1)).hasMessageContaining("3 ids, the table 2");
    String torn = file("1 1\n2\n");
    assertThatThrownBy(() -> Trace.read(torn)).hasMessageContaining("'2' is not `user item`");
  }
}

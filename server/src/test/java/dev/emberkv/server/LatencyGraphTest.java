package dev.emberkv.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LatencyGraphTest {
  private static final int NOW = 1_000_000;

  private static LatencyLog.Sample sample(int ageSeconds, long millis) {
    return new LatencyLog.Sample(NOW - ageSeconds, millis);
  }

  @Test
  void drawsAColumnForEachSampleAndItsAge() {
    List<LatencyLog.Sample> samples =
        List.of(
            sample(200_000, 1),
            sample(7_300, 2),
            sample(150, 3),
            sample(59, 4),
            sample(10, 7),
            sample(0, 13));

    assertThat(LatencyGraph.draw("command", samples, 20, NOW))
        .isEqualTo(
            """
            command - high 13 ms, low 1 ms (all time high 20 ms)
            %s
                 #
                _|
               _||
            _o#|||
            222510
            dhm90s
               ss\s
            """
                .formatted("-".repeat(80)));
  }

  @Test
  void manySamplesAreDrawnInSeveralRows() {
    List<LatencyLog.Sample> samples = new ArrayList<>();
    IntStream.range(0, 100).forEach(n -> samples.add(sample(5, 3)));

    List<String> lines = LatencyGraph.draw("e", samples, 3, NOW).lines().toList();

    assertThat(lines).hasSize(2 + 6 + 1 + 6);
    assertThat(lines.get(5)).isEqualTo("_".repeat(80));
    assertThat(lines.get(12)).isEqualTo("_".repeat(20));
  }
}

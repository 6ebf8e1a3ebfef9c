package dev.emberkv.peers.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.emberkv.bench.workload.KeyStream;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The generator against the statistics that it is fitted to. */
final class EmbeddingShapeTest {
  @ParameterizedTest
  @ValueSource(longs = {20_000, 300_000, 4_000_000})
  void givenTheShapeWhenCountedThenHasThePublishedShares(long ids) {
    // given
    EmbeddingShape shape = new EmbeddingShape(ids);
    long[] idsBelow = new long[3];
    long[] accessesBelow = new long[3];
    int[] bounds = {1, 4, 128};

    // when
    for (long id = 0; id < ids; id++) {
      int count = shape.countOf(id);
      for (int i = 0; i < bounds.length; i++) {
        if (count <= bounds[i]) {
          idsBelow[i]++;
          accessesBelow[i] += count;
        }
      }
    }

    // then
    double all = shape.accesses();
    assertThat(idsBelow[0] / (double) ids).isCloseTo(0.342, within(0.002));
    assertThat(accessesBelow[0] / all).isCloseTo(0.027, within(0.003));
    assertThat(idsBelow[1] / (double) ids).isCloseTo(0.635, within(0.002));
    assertThat(accessesBelow[1] / all).isCloseTo(0.089, within(0.006));
    assertThat(1 - idsBelow[2] / (double) ids).isCloseTo(0.018, within(0.001));
    assertThat(1 - accessesBelow[2] / all).isCloseTo(0.45, within(0.04));
  }

  @Test
  void givenOneRoundOfTheStreamWhenCountedThenEachIdComesAsOftenAsTheShapeSays() {
    // given
    EmbeddingShape shape = new EmbeddingShape(2000);
    KeyStream stream = new KeySource.Embedding().open(2000, 7);
    Map<Long, Integer> uses = new HashMap<>();

    // when
    for (long access = 0; access < shape.accesses(); access++) {
      uses.merge(stream.next(), 1, Integer::sum);
    }

    // then
    int[] expected = new int[2000];
    for (int id = 0; id < expected.length; id++) {
      expected[id] = shape.countOf(id);
    }
    assertThat(uses.keySet()).allMatch(key -> key >= 0 && key < 2000);
    assertThat(uses.values().stream().sorted().toList())
        .isEqualTo(java.util.Arrays.stream(expected).sorted().boxed().toList());
    assertThat(shape.shareOfTop(2000)).isEqualTo(1);
    assertThat(shape.shareOfTop(36)).isCloseTo(0.45, within(0.1));
  }
}

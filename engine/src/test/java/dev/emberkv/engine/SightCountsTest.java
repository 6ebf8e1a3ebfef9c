package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.index.KeyHash;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SightCountsTest {
  private static long hash(long id) {
    return KeyHash.ofId(id, 77);
  }

  @Test
  void countsAreExactWhileThereIsRoom() {
    // given counters with room for all ids, which come, are forgotten and come again
    long seed = 11;
    Random random = new Random(seed);
    Map<Long, Integer> model = new HashMap<>();
    try (SightCounts counts = new SightCounts(1 << 20)) {
      for (int i = 0; i < 300_000; i++) {
        long id = random.nextInt(40_000);
        if (random.nextInt(8) == 0) {
          counts.forget(hash(id));
          model.remove(id);
        } else {
          int times = 1 + random.nextInt(3);
          int expected = Math.min(SightCounts.MAX_COUNT, model.merge(id, times, Integer::sum));
          // then every answer is that of a map
          assertThat(counts.add(hash(id), times)).as("id %d, step %d", id, i).isEqualTo(expected);
        }
      }
      for (long id = 0; id < 40_000; id++) {
        int expected = Math.min(SightCounts.MAX_COUNT, model.getOrDefault(id, 0));
        assertThat(counts.count(hash(id))).isEqualTo(expected);
      }
    }
  }

  @Test
  void whenTheTableIsFullTheSketchCountsAndFewIdsTooHigh() {
    long bytes = 256 << 10;
    try (SightCounts counts = new SightCounts(bytes)) {
      // given more ids than have exact counts, but not more than the sketch takes
      int exact = (int) (bytes * 3 / 4 / 9 * 7 / 8);
      int ids = exact + (int) (bytes / 4 / 16) / 2;
      int early = 0;
      for (long id = 0; id < ids; id++) {
        early += counts.add(hash(id), 1) > 1 ? 1 : 0;
      }
      // then their counts are right but for a few, and never too low
      assertThat(early).isLessThan(ids / 100);
      for (long id = 0; id < ids; id++) {
        assertThat(counts.count(hash(id))).isPositive();
      }
    }
  }

  @Test
  void memoryIsBoundedAndCountsGoOnWhateverComes() {
    long bytes = 256 << 10;
    try (SightCounts counts = new SightCounts(bytes)) {
      int early = 0;
      int rounds = 40;
      int fresh = 20_000;
      for (long id = 0; id < (long) rounds * fresh; id++) {
        early += counts.add(hash(id), 1) > 1 ? 1 : 0;
        if (id % fresh == 0) {
          assertThat(counts.memoryBytes()).isLessThanOrEqualTo(bytes);
        }
      }
      // then ids that were never seen before hardly ever count as seen
      assertThat(early).isLessThan(rounds * fresh / 50);
      // and one that comes again is still counted
      counts.add(hash(-5), 1);
      assertThat(counts.add(hash(-5), 1)).isGreaterThanOrEqualTo(2);
    }
  }
}

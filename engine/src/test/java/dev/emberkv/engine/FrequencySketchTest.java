package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The sketch's estimates beside exact counts. */
class FrequencySketchTest {
  private static final long SEED = 11;

  @Test
  void countsAFewKeysExactly() {
    try (FrequencySketch sketch = new FrequencySketch(1 << 20)) {
      for (int time = 1; time <= 20; time++) {
        for (long key = 0; key < 50; key++) {
          assertThat(sketch.record(key)).isEqualTo(Math.min(time, FrequencySketch.MAX_FREQUENCY));
        }
      }
    }
  }

  @Test
  void estimatesAreNeverTooLowAndSeldomTooHigh() {
    // given a third as many repeated requests as there are counters, when the owner would halve
    try (FrequencySketch sketch = new FrequencySketch(1 << 16)) {
      SplittableRandom random = new SplittableRandom(SEED);
      Map<Long, Integer> exact = new HashMap<>();
      int requests = 0;
      int tooHigh = 0;
      while (sketch.repeats() < sketch.counters() / 3 && !sketch.isDoorkeeperFull()) {
        long key = (long) (20_000 * Math.pow(random.nextDouble(), 3));
        int count = exact.merge(key, 1, Integer::sum);
        int estimate = sketch.record(key);
        requests++;
        assertThat(estimate).isGreaterThanOrEqualTo(Math.min(count, FrequencySketch.MAX_FREQUENCY));
        if (estimate > count) {
          tooHigh++;
        }
      }
      assertThat((double) tooHigh / requests).isLessThan(0.12);
    }
  }

  @Test
  void halvesWhatWasAskedForOften() {
    try (FrequencySketch sketch = new FrequencySketch(1 << 16)) {
      // given a key that was asked for nine times: once at the door, eight times counted
      for (int i = 0; i < 9; i++) {
        sketch.record(5);
      }
      // when all pieces are halved and the door forgets
      for (int piece = 0; piece < sketch.pieces(); piece++) {
        sketch.halve(piece);
        sketch.forgetFirsts(piece);
      }
      // then four of them are left, and this time is a first one again
      assertThat(sketch.record(5)).isEqualTo(5);
      assertThat(sketch.record(6)).isEqualTo(1);
    }
  }

  @Test
  void aCountThatIsRaisedIsWhereRecordGoesOn() {
    try (FrequencySketch sketch = new FrequencySketch(1 << 16)) {
      sketch.raise(5, 7);
      sketch.raise(5, 3);
      sketch.raise(6, 0);
      assertThat(sketch.record(5)).isEqualTo(8);
      assertThat(sketch.record(6)).isEqualTo(1);
    }
  }

  @Test
  void aScanFillsTheDoorkeeperButNotTheCounters() {
    try (FrequencySketch sketch = new FrequencySketch(1 << 16)) {
      long key = 0;
      while (!sketch.isDoorkeeperFull()) {
        sketch.record(key++);
      }
      assertThat(sketch.repeats()).isLessThan(key / 20);
    }
  }
}

package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Whether a record counts, against a list of what waits that is gone through in order. */
class CommitHistoryTest {
  private static final int SEGMENT_GRANULES = 64;

  private record Waiting(long location, long sequence, boolean inLastEra) {}

  @Property(tries = 500)
  void saysWhatWaitingForCommitsInOrderSays(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 8) int segments) {
    Random random = new Random(seed);
    List<Integer> numbers = new ArrayList<>();
    for (int i = 0; i < segments + 2; i++) {
      numbers.add(i);
    }
    Collections.shuffle(numbers, random);
    CommitHistory history = new CommitHistory(SEGMENT_GRANULES);
    List<Waiting> waiting = new ArrayList<>();
    List<Waiting> counting = new ArrayList<>();
    List<Waiting> dropped = new ArrayList<>();
    List<Long> places = new ArrayList<>();
    long newest = 1;
    long cut = 0;
    for (int i = 0; i < segments; i++) {
      history.segment(numbers.get(i), 1 + 3L * i);
      for (int at = 0; at < SEGMENT_GRANULES; at += 1 + random.nextInt(4)) {
        long location = (long) numbers.get(i) * SEGMENT_GRANULES + at;
        places.add(location);
        switch (random.nextInt(12)) {
          case 0 -> {
            cut = random.nextInt(3) == 0 ? cut : Math.max(cut, newest - random.nextInt(4));
            long[] singles = random.nextBoolean() ? new long[] {newest, 1} : new long[0];
            history.commit(location, cut, singles);
            settle(waiting, counting, cut, singles);
          }
          case 1, 2 -> {
            long[] singles = {1 + random.nextLong(newest + 2), newest};
            history.commit(location, 0, singles);
            settle(waiting, counting, 0, singles);
          }
          case 3 -> {
            if (random.nextInt(4) == 0) {
              history.start(location);
              waiting.forEach(it -> dropped.add(new Waiting(it.location, it.sequence, false)));
              waiting.clear();
            }
          }
          default -> {
            newest += random.nextInt(2);
            long sequence = random.nextInt(5) == 0 ? 1 + random.nextLong(newest + 1) : newest;
            waiting.add(new Waiting(location, sequence, true));
          }
        }
      }
    }
    history.finish();
    assertThat(counting).allMatch(it -> history.counts(it.location, it.sequence));
    assertThat(dropped).noneMatch(it -> history.counts(it.location, it.sequence));
    assertThat(waiting).noneMatch(it -> history.counts(it.location, it.sequence));
    assertThat(dropped).noneMatch(it -> history.isInLastEra(it.location));
    assertThat(waiting).allMatch(it -> history.isInLastEra(it.location));
    for (int i = 1; i < places.size(); i++) {
      assertThat(history.isLater(places.get(i), places.get(i - 1))).isTrue();
      assertThat(history.isLater(places.get(i - 1), places.get(i))).isFalse();
    }
  }

  private static void settle(
      List<Waiting> waiting, List<Waiting> counting, long cut, long[] singles) {
    for (Waiting record : List.copyOf(waiting)) {
      boolean single = Arrays.stream(singles).anyMatch(it -> it == record.sequence);
      if (record.sequence <= cut || single) {
        counting.add(record);
        waiting.remove(record);
      }
    }
  }
}

package dev.emberkv.compaction;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The policy's decisions, and the write amplification that they lead to, simulated. */
class VictimPolicyTest {
  private static final long SEED = 7;

  /**
   * Overwrites records of one size until the amplification is steady. The bars are those of greedy
   * cleaning of uniform writes in theory; zipf 0.99 has a cache of 5 % of the records in front, as
   * a store has. Host writes over user writes, as a user counts.
   */
  @ParameterizedTest
  @CsvSource({
    "0.7, 0, 1.88, 1.1", "0.8, 0, 2.70, 1.1", "0.9, 0, 5.18, 1.1",
    "0.7, 0.99, 1.88, 0.7", "0.8, 0.99, 2.70, 0.7", "0.9, 0.99, 5.18, 0.7"
  })
  void writeAmplificationIsBelowItsBar(
      double utilization, double skew, double theory, double share) {
    Simulation simulation = new Simulation(40_000, utilization, skew);
    simulation.load();
    simulation.run(6);
    simulation.resetCounts();
    simulation.run(3);
    System.out.printf(
        "utilization %.1f, skew %.2f: %.2f, bar %.2f%n",
        utilization, skew, simulation.amplification(), share * theory);
    assertThat(simulation.amplification()).isLessThan(share * theory);
  }

  private static SegmentUse use(int number, long live, long deletions, long dead, long minData) {
    return new SegmentUse(
        number, number + 1, 0, 1000, live, deletions, minData, dead, number * 10L, false, false);
  }

  @Test
  void ofTwoSegmentsOfOneAgeTheEmptierOneAndOfTwoFillsTheOlderOne() {
    SegmentUse full = use(1, 900, 0, 1, 1);
    SegmentUse empty = use(2, 500, 0, 1, 1);
    assertThat(choose(full, empty)).contains(empty);
    SegmentUse old = use(1, 500, 0, 1, 1);
    assertThat(choose(old, empty)).contains(old);
    assertThat(choose()).isEmpty();
  }

  private static Optional<SegmentUse> choose(SegmentUse... segments) {
    List<SegmentUse> used = List.of(segments);
    return new VictimPolicy(used).choose(used, 3);
  }

  @Test
  void aDeletionIsNeededWhileAnotherSegmentHasOlderDeadData() {
    SegmentUse deletions = use(5, 0, 300, 4, 1);
    SegmentUse allLive = use(1, 900, 0, 0, 1);
    SegmentUse younger = use(2, 500, 0, 3, 51);
    SegmentUse older = use(3, 500, 0, 3, 49);
    VictimPolicy free = new VictimPolicy(List.of(deletions, allLive, younger));
    assertThat(free.isNeeded(deletions, deletions.maxDeletionSequence())).isFalse();
    assertThat(free.gainBytes(deletions)).isEqualTo(1000);
    assertThat(free.neededDeletionBytes()).isZero();
    VictimPolicy bound = new VictimPolicy(List.of(deletions, younger, older));
    assertThat(bound.isNeeded(deletions, deletions.maxDeletionSequence())).isTrue();
    assertThat(bound.isNeeded(deletions, older.minDataSequence())).isFalse();
    assertThat(bound.gainBytes(deletions)).isEqualTo(700);
    assertThat(bound.neededDeletionBytes()).isEqualTo(300);
  }

  @Test
  void aDeletionIsNotNeededForDataOfItsOwnSegment() {
    SegmentUse own = use(5, 0, 300, 4, 1);
    assertThat(new VictimPolicy(List.of(own)).isNeeded(own, 50)).isFalse();
    SegmentUse other = use(6, 0, 300, 4, 2);
    VictimPolicy both = new VictimPolicy(List.of(own, other));
    assertThat(both.isNeeded(own, 3)).isTrue();
    assertThat(both.isNeeded(own, 2)).isFalse();
    assertThat(both.isNeeded(other, 2)).isTrue();
  }

  private static SegmentUse inOrder(int number, boolean waiting, boolean started) {
    return new SegmentUse(number, number + 1, 0, 1000, 0, 0, 1, 1, 0, waiting, started);
  }

  @Test
  void upToAStartSegmentsAreFreedInTheOrderOfTheLog() {
    SegmentUse first = inOrder(0, true, false);
    SegmentUse second = inOrder(1, true, false);
    SegmentUse start = inOrder(2, true, true);
    SegmentUse behind = inOrder(3, true, false);
    List<SegmentUse> used = List.of(first, second, start, behind);
    assertThat(used).filteredOn(new VictimPolicy(used)::mayBeFreed).containsExactly(first, behind);
    List<SegmentUse> later = List.of(start, behind);
    assertThat(later).allMatch(new VictimPolicy(later)::mayBeFreed);
  }

  /** A log of records of one size under random overwrites. */
  private static final class Simulation {
    private static final int PER_SEGMENT = 64;
    private static final int HEADROOM = 3;

    private final SplittableRandom random = new SplittableRandom(SEED);
    private final int records;
    private final double[] sums;
    private final int[] keyOfRank;
    private final int[] segmentOf;
    private final int[] slotOf;
    private final int[][] keys;
    private final int[] filled;
    private final int[] liveIn;
    private final long[] generationOf;
    private final int[] open = {-1, -1};
    private final ArrayDeque<Integer> free = new ArrayDeque<>();
    private final boolean[] cached;
    private final int[] references;
    private final int[] clock;
    private int clockSize;
    private int hand;
    private long generation;
    private long user;
    private long written;

    Simulation(int records, double utilization, double skew) {
      this.records = records;
      int segments = (int) Math.ceil(records / utilization / PER_SEGMENT);
      segmentOf = new int[records];
      slotOf = new int[records];
      keys = new int[segments][PER_SEGMENT];
      filled = new int[segments];
      liveIn = new int[segments];
      generationOf = new long[segments];
      for (int i = 0; i < segments; i++) {
        free.add(i);
      }
      cached = new boolean[records];
      references = new int[records];
      clock = new int[skew == 0 ? 0 : records / 20];
      sums = new double[skew == 0 ? 0 : records];
      keyOfRank = new int[records];
      double sum = 0;
      for (int i = 0; i < records; i++) {
        keyOfRank[i] = i;
        if (skew != 0) {
          sum += Math.pow(i + 1, -skew);
          sums[i] = sum;
        }
      }
      for (int i = records - 1; i > 0; i--) {
        int j = random.nextInt(i + 1);
        int swapped = keyOfRank[i];
        keyOfRank[i] = keyOfRank[j];
        keyOfRank[j] = swapped;
      }
    }

    void load() {
      for (int key : keyOfRank) {
        append(0, key);
      }
    }

    void run(int rounds) {
      for (long i = 0; i < (long) rounds * records; i++) {
        user++;
        int key = throughCache(nextKey());
        if (key >= 0) {
          liveIn[segmentOf[key]]--;
          segmentOf[key] = -1;
          while (free.size() <= HEADROOM) {
            clean();
          }
          append(0, key);
        }
      }
    }

    void resetCounts() {
      user = 0;
      written = 0;
    }

    double amplification() {
      return (double) written / user;
    }

    private int nextKey() {
      if (sums.length == 0) {
        return random.nextInt(records);
      }
      int rank = Arrays.binarySearch(sums, random.nextDouble() * sums[records - 1]);
      return keyOfRank[Math.min(records - 1, rank < 0 ? -rank - 1 : rank)];
    }

    /** Returns the key whose record is written for this update, or -1 when none is. */
    private int throughCache(int key) {
      if (clock.length == 0) {
        return key;
      }
      references[key] = Math.min(3, references[key] + 1);
      if (cached[key]) {
        return -1;
      }
      cached[key] = true;
      if (clockSize < clock.length) {
        clock[clockSize++] = key;
        return -1;
      }
      while (references[clock[hand]]-- > 0) {
        hand = (hand + 1) % clock.length;
      }
      int evicted = clock[hand];
      references[evicted] = 0;
      cached[evicted] = false;
      clock[hand] = key;
      hand = (hand + 1) % clock.length;
      return evicted;
    }

    private void append(int stream, int key) {
      int segment = open[stream];
      if (segment < 0 || filled[segment] == PER_SEGMENT) {
        segment = free.remove();
        open[stream] = segment;
        filled[segment] = 0;
        liveIn[segment] = 0;
        generationOf[segment] = ++generation;
      }
      keys[segment][filled[segment]] = key;
      segmentOf[key] = segment;
      slotOf[key] = filled[segment]++;
      liveIn[segment]++;
      written++;
    }

    private void clean() {
      List<SegmentUse> uses = new ArrayList<>();
      for (int i = 0; i < filled.length; i++) {
        if (filled[i] == PER_SEGMENT && i != open[0] && i != open[1]) {
          uses.add(
              new SegmentUse(
                  i, generationOf[i], 0, PER_SEGMENT, liveIn[i], 0, 0, 1, 0, false, false));
        }
      }
      int victim = new VictimPolicy(uses).choose(uses, generation).orElseThrow().number();
      int[] moved = keys[victim].clone();
      filled[victim] = 0;
      free.add(victim);
      for (int slot = 0; slot < PER_SEGMENT; slot++) {
        if (segmentOf[moved[slot]] == victim && slotOf[moved[slot]] == slot) {
          append(1, moved[slot]);
        }
      }
    }
  }
}

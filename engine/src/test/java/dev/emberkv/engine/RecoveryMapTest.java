package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class RecoveryMapTest {
  private static final long HASH = 0x123456789abcdef0L;

  private static Map<Long, Long> rows(RecoveryMap map) {
    Map<Long, Long> found = new HashMap<>();
    map.forEach((hash, version, place) -> found.put(hash, RecoveryMap.location(place)));
    return found;
  }

  private static RecoveryMap map() {
    RecoveryMap map = new RecoveryMap((location, other) -> location > other);
    map.start(2, 0);
    return map;
  }

  private static long put(RecoveryMap map, long sequence, boolean atOnce, long location) {
    return map.put(
        HASH, RecoveryMap.version(sequence, atOnce), RecoveryMap.place(0, location, false));
  }

  @Test
  void theSecondRowThatABatchHasForAKeyStaysWhereverItsCopyIs() {
    for (boolean inOrder : new boolean[] {true, false}) {
      try (RecoveryMap map = map()) {
        assertThat(put(map, 5, inOrder, inOrder ? 700 : 900)).isEqualTo(RecoveryMap.NO_PLACE);
        assertThat(put(map, 5, !inOrder, inOrder ? 900 : 700)).isEqualTo(900);
        assertThat(rows(map)).containsExactly(Map.entry(HASH, 700L));
      }
      try (RecoveryMap map = map()) {
        put(map, 5, false, inOrder ? 900 : 950);
        assertThat(put(map, 5, false, inOrder ? 950 : 900)).isEqualTo(900);
        assertThat(rows(map)).containsExactly(Map.entry(HASH, 950L));
      }
    }
  }

  @Property(tries = 50)
  void ofEachKeyTheNewestStaysAndTheOthersAreHandedBack(
      @ForAll long seed, @ForAll @IntRange(max = 3) int rangeBits) {
    Random random = new Random(seed);
    Map<Long, Long> newest = new HashMap<>();
    Map<Long, Long> expected = new HashMap<>();
    List<Long> lost = new ArrayList<>();
    int records = 1 + random.nextInt(50_000);
    try (RecoveryMap map = new RecoveryMap((location, other) -> location > other)) {
      map.start(3, rangeBits);
      put(map, 1, false, 1);
      map.start(records, rangeBits);
      for (long location = 1; location <= records; location++) {
        long hash = (Long.reverse(random.nextLong(40_000)) ^ 0x5555) >>> rangeBits;
        long sequence = 1 + random.nextLong(1000);
        long place = RecoveryMap.place(0, location, random.nextInt(4) == 0);
        long loser = map.put(hash, RecoveryMap.version(sequence, false), place);
        if (loser != RecoveryMap.NO_PLACE) {
          lost.add(RecoveryMap.location(loser));
        }
        if (sequence >= newest.getOrDefault(hash, 0L)) {
          newest.put(hash, sequence);
          expected.put(hash, location);
        }
      }
      assertThat(map.size()).isEqualTo(newest.size());
      assertThat(rows(map)).isEqualTo(expected);
      // Together they are all records, each once.
      Set<Long> all = new HashSet<>(expected.values());
      all.addAll(lost);
      assertThat(lost).hasSize(records - expected.size());
      assertThat(all).hasSize(records);
    }
  }
}

package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class RecoveryMapTest {
  private static final long HASH = 0x123456789abcdef0L;

  private static Map<Long, Long> rows(RecoveryMap map, long newerThan) {
    Map<Long, Long> found = new HashMap<>();
    map.forEachNewerThan(newerThan, (hash, sequence, location) -> found.put(hash, location));
    return found;
  }

  @Test
  void theSecondRowThatABatchHasForAKeyStaysWhereverItsCopyIs() {
    try (RecoveryMap map = new RecoveryMap()) {
      map.put(HASH, 5, true, RecoveryMap.place(0, 700, false));
      map.put(HASH, 5, false, RecoveryMap.place(0, 900, false));
      assertThat(rows(map, 0)).containsExactly(Map.entry(HASH, 700L));
    }
    try (RecoveryMap map = new RecoveryMap()) {
      map.put(HASH, 5, false, RecoveryMap.place(0, 900, false));
      map.put(HASH, 5, false, RecoveryMap.place(0, 950, false));
      assertThat(rows(map, 0)).containsExactly(Map.entry(HASH, 950L));
    }
  }

  @Property(tries = 50)
  void ofEachKeyTheNewestStaysUnlessItIsATombstone(
      @ForAll long seed, @ForAll @LongRange(min = 0, max = 1000) long newerThan) {
    Random random = new Random(seed);
    Map<Long, Long> newest = new HashMap<>();
    Map<Long, Long> expected = new HashMap<>();
    try (RecoveryMap map = new RecoveryMap()) {
      for (int location = 1; location < 100_000; location++) {
        long key = random.nextLong(70_000);
        long hash = Long.reverse(key) ^ 0x5555;
        long sequence = 1 + random.nextLong(1000);
        boolean deletes = random.nextInt(4) == 0;
        map.put(hash, sequence, false, RecoveryMap.place(0, location, deletes));
        if (sequence >= newest.getOrDefault(hash, 0L)) {
          newest.put(hash, sequence);
          expected.remove(hash);
          if (!deletes && sequence > newerThan) {
            expected.put(hash, (long) location);
          }
        }
      }
      assertThat(map.size()).isEqualTo(newest.size());
      assertThat(rows(map, newerThan)).isEqualTo(expected);
    }
  }
}

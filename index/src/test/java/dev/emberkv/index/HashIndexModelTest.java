package dev.emberkv.index;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;

/** Random operations on the index and on a {@code HashMap}, which must agree throughout. */
class HashIndexModelTest {
  private static final int OPERATIONS = 30_000;

  @Property(tries = 20, shrinking = ShrinkingMode.OFF)
  void agreesWithAMapOfUniformHashes(@ForAll long seed, @ForAll @IntRange(max = 60) int removals) {
    run(seed, removals, hash -> hash);
  }

  @Property(tries = 12, shrinking = ShrinkingMode.OFF)
  void agreesWithAMapOfHashesThatShareTheirTags(
      @ForAll long seed, @ForAll @IntRange(max = 60) int removals) {
    // given hashes with 14 random bits in front, 34 equal ones, and 16 random ones behind the tag
    run(seed, removals, hash -> (hash & 0xfffc_0000_0000_ffffL) | 0x0002_aaaa_aaaa_0000L);
  }

  @Property(tries = 8, shrinking = ShrinkingMode.OFF)
  void agreesWithAMapOfHashesInOneCornerOfTheSpace(
      @ForAll long seed, @ForAll @IntRange(max = 60) int removals) {
    // given hashes that share their first 10 bits, ones: the last homes and the tail of the array
    run(seed, removals, hash -> hash | 0xffc0_0000_0000_0000L);
  }

  private interface Shape {
    long of(long uniform);
  }

  private static void run(long seed, int removalPercent, Shape shape) {
    SplittableRandom random = new SplittableRandom(seed);
    Map<Long, Long> model = new HashMap<>();
    List<Long> present = new ArrayList<>();
    Rows rows = new Rows(2 * OPERATIONS);
    try (HashIndex index = HashIndex.create(rows)) {
      for (int i = 0; i < OPERATIONS; i++) {
        int dice = random.nextInt(100);
        if (present.isEmpty() || dice >= 20 + removalPercent) {
          long hash = shape.of(random.nextLong());
          if (!model.containsKey(hash)) {
            model.put(hash, rows.insert(index, hash));
            present.add(hash);
          }
        } else {
          int which = random.nextInt(present.size());
          long hash = present.get(which);
          long location = rows.find(index, hash);
          agree(location, model.get(hash));
          if (dice < 5) {
            assertThat(index.refresh(hash, location)).isTrue();
          } else if (dice < 20) {
            long moved = rows.add(hash);
            assertThat(index.replaceIf(hash, location, moved)).isTrue();
            assertThat(index.replaceIf(hash, location, moved)).isFalse();
            model.put(hash, moved);
          } else {
            assertThat(rows.remove(index, hash, location)).isTrue();
            assertThat(rows.find(index, hash)).isEqualTo(Location.NONE);
            model.remove(hash);
            present.set(which, present.getLast());
            present.removeLast();
          }
        }
      }
      check(index, rows, model);
    }
  }

  /** AssertJ's assertion, without its cost where there are millions. */
  private static void agree(long actual, @Nullable Long expected) {
    if (expected == null || actual != expected) {
      assertThat(actual).isEqualTo(expected);
    }
  }

  private static void check(HashIndex index, Rows rows, Map<Long, Long> model) {
    assertThat(index.size()).isEqualTo(model.size());
    model.forEach((hash, location) -> agree(rows.find(index, hash), location));
    Map<Long, Long> visited = new HashMap<>();
    index.forEach((hash, known, location) -> {
      long full = rows.hashAt(location);
      agree(hash, full >>> -known << -known);
      assertThat(visited.put(full, location)).as("visited once").isNull();
    });
    assertThat(visited).isEqualTo(model);
  }
}

package dev.emberkv.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class LiveBitmapsTest {
  private static final int GRANULES = 1 << 10;

  /** Fills a segment with records from front to back and returns their starts and lengths. */
  private static Map<Long, Integer> fill(LiveBitmaps bitmaps, int segment, Random random) {
    Map<Long, Integer> records = new TreeMap<>();
    int at = random.nextInt(3);
    while (true) {
      int granules = random.nextInt(8) == 0 ? 2 + random.nextInt(200) : 2 + random.nextInt(12);
      if (at + granules > GRANULES) {
        return records;
      }
      long granule = (long) segment * GRANULES + at;
      bitmaps.add(granule, granules);
      records.put(granule, granules);
      at += granules + (random.nextInt(4) == 0 ? random.nextInt(5) : 0);
    }
  }

  @Property(tries = 200)
  void sumsAndMembersAreThoseOfAMap(@ForAll long seed) {
    Random random = new Random(seed);
    try (LiveBitmaps bitmaps = new LiveBitmaps(GRANULES)) {
      int segments = 1 + random.nextInt(100);
      Map<Long, Integer> model = new TreeMap<>();
      for (int segment = 0; segment < segments; segment += 1 + random.nextInt(20)) {
        bitmaps.open(segment);
        model.putAll(fill(bitmaps, segment, random));
      }
      List<Long> order = new ArrayList<>(model.keySet());
      Collections.shuffle(order, random);
      int left = random.nextInt(order.size() + 1);
      for (long granule : order.subList(left, order.size())) {
        // when
        assertThat(bitmaps.contains(granule)).isTrue();
        assertThat(bitmaps.remove(granule)).isTrue();
        assertThat(bitmaps.remove(granule)).isFalse();
        model.remove(granule);
        // then
        assertThat(bitmaps.contains(granule)).isFalse();
      }
      for (int segment = 0; segment < segments; segment++) {
        long from = (long) segment * GRANULES;
        Map<Long, Integer> own = ((TreeMap<Long, Integer>) model).subMap(from, from + GRANULES);
        assertThat(bitmaps.records(segment)).isEqualTo(own.size());
        assertThat(bitmaps.granules(segment))
            .isEqualTo(own.values().stream().mapToLong(granules -> granules).sum());
      }
      for (long granule : order.subList(0, left)) {
        assertThat(bitmaps.contains(granule)).isTrue();
      }

      // when: the same records are made live in one go
      try (LiveBitmaps filled = new LiveBitmaps(GRANULES)) {
        for (int segment = 0; segment < segments; segment++) {
          filled.open(segment);
          LiveBitmaps.Filling filling = filled.fill(segment);
          long from = (long) segment * GRANULES;
          ((TreeMap<Long, Integer>) model)
              .subMap(from, from + GRANULES)
              .forEach((granule, granules) -> filling.add((int) (granule - from), granules));
          filling.publish();
          // then
          assertThat(filled.records(segment)).isEqualTo(bitmaps.records(segment));
          assertThat(filled.granules(segment)).isEqualTo(bitmaps.granules(segment));
        }
        for (long granule : order) {
          assertThat(filled.contains(granule)).isEqualTo(model.containsKey(granule));
          assertThat(filled.remove(granule)).isEqualTo(model.containsKey(granule));
        }
      }
    }
  }

  @Test
  void aSegmentIsEmptyAgainInItsNextUse() {
    try (LiveBitmaps bitmaps = new LiveBitmaps(GRANULES)) {
      bitmaps.open(3);
      fill(bitmaps, 3, new Random(1));
      assertThat(bitmaps.anyIn(3, 0, 128)).isTrue();
      assertThat(bitmaps.memoryBytes()).isEqualTo(GRANULES / 8);
      // when
      bitmaps.release(3);
      // then
      assertThat(bitmaps.memoryBytes()).isZero();
      assertThat(bitmaps.records(3)).isZero();
      assertThatThrownBy(() -> bitmaps.contains(3L * GRANULES)).hasMessageContaining("segment 3");
      bitmaps.open(3);
      assertThat(bitmaps.anyIn(3, 0, GRANULES)).isFalse();
      assertThat(bitmaps.granules(3)).isZero();
    }
  }

  @Test
  void ofManyThreadsThatDeclareARecordDeadOneIsTold() throws Exception {
    long seed = ThreadLocalRandom.current().nextLong();
    System.out.println("seed " + seed);
    int threads = 4;
    try (LiveBitmaps bitmaps = new LiveBitmaps(GRANULES);
        ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      for (int round = 0; round < 200; round++) {
        bitmaps.open(0);
        List<Long> records = new ArrayList<>(fill(bitmaps, 0, new Random(seed + round)).keySet());
        AtomicInteger told = new AtomicInteger();
        List<Future<?>> tasks = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
          List<Long> order = new ArrayList<>(records);
          Collections.shuffle(order, new Random(seed + t));
          tasks.add(
              pool.submit(() -> {
                for (long granule : order) {
                  if (bitmaps.remove(granule)) {
                    told.incrementAndGet();
                  }
                }
              }));
        }
        for (Future<?> task : tasks) {
          task.get();
        }
        assertThat(told).hasValue(records.size());
        assertThat(bitmaps.records(0)).isZero();
        assertThat(bitmaps.granules(0)).isZero();
        assertThat(bitmaps.anyIn(0, 0, GRANULES)).isFalse();
        bitmaps.release(0);
      }
    }
  }
}

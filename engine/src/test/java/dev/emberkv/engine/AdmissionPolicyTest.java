package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What admission and eviction make of skewed accesses, scans, bulk loads and a real trace. */
class AdmissionPolicyTest {
  private static final double EXPONENT = 0.99;

  /** Rows and slots of a store of 16 M rows of 256 bytes in 1 GiB, and what its sketch takes. */
  private static final int ROWS = 16_000_000;

  private static final int SLABS = 412;
  private static final int SLOTS_PER_SLAB =
      (int) (SlabPool.SLAB_BYTES / PolicySimulation.SLOT_BYTES);
  private static final long SKETCH_BYTES = 8L << 20;

  private static final long SEED = 7;

  private static PolicySimulation simulation(int scale) {
    return new PolicySimulation(
        ROWS / scale, SLABS / scale, PolicySimulation.SLOT_BYTES, SKETCH_BYTES / scale);
  }

  private static double hitRatio(PolicySimulation simulation, ZipfKeys keys, long accesses) {
    long hits = 0;
    for (long i = 0; i < accesses; i++) {
      if (simulation.read(keys.next())) {
        hits++;
      }
    }
    return (double) hits / accesses;
  }

  private static void keepsTheMostPopularRows(int scale) {
    // given reads of rows by a Zipf distribution, of which some fit
    int slots = SLABS / scale * SLOTS_PER_SLAB;
    ZipfKeys keys = new ZipfKeys(ROWS / scale, EXPONENT, SEED);
    double ideal = keys.shareOfTop(slots);
    try (PolicySimulation simulation = simulation(scale)) {
      double reached = 0;
      StringBuilder course = new StringBuilder();
      for (int i = 1; i <= 8; i++) {
        reached = hitRatio(simulation, keys, 5L * slots);
        course.append(" %.4f".formatted(reached));
      }
      // then after 40 accesses per slot almost all hits are there that can be
      System.out.printf(
          "AdmissionPolicyTest: %d slots, ideal %.4f, by 5 accesses a slot:%s%n",
          slots, ideal, course);
      assertThat(reached).isGreaterThan(0.97 * ideal);

      // when all rows are scanned once while that goes on
      double during = 0;
      for (int row = 0; row < ROWS / scale; row++) {
        simulation.read(scattered(row, scale));
        during += simulation.read(keys.next()) ? 1 : 0;
      }
      during /= ROWS / (double) scale;
      // then the ratio never is a point lower, and it is back where it was
      double lowest = during;
      double last = 0;
      for (int i = 0; i < 8; i++) {
        last = hitRatio(simulation, keys, slots / 2);
        lowest = Math.min(lowest, last);
      }
      System.out.printf(
          "AdmissionPolicyTest: %.4f before a scan, %.4f during it, lowest %.4f, after it %.4f%n",
          reached, during, lowest, last);
      assertThat(lowest).isGreaterThan(reached - 0.01);
      assertThat(last).isGreaterThan(reached - 0.003);

      // when a scan has DRAM for itself
      for (int row = 0; row < ROWS / scale; row++) {
        simulation.read(scattered(row, scale));
      }
      // then the same holds
      double lone = hitRatio(simulation, keys, slots / 4);
      double back = hitRatio(simulation, keys, 5L * slots);
      System.out.printf(
          "AdmissionPolicyTest: %.4f right after a scan alone, %.4f later%n", lone, back);
      assertThat(lone).isGreaterThan(reached - 0.01);
      assertThat(back).isGreaterThan(reached - 0.003);
    }
  }

  /** A permutation of the rows, whose numbers are in the order of their popularity. */
  private static int scattered(long row, int scale) {
    return (int) (row * 7919 % (ROWS / scale));
  }

  @Test
  void keepsTheMostPopularRows() {
    keepsTheMostPopularRows(32);
  }

  @Test
  @Tag("long")
  void keepsTheMostPopularRowsOfSixteenMillion() {
    keepsTheMostPopularRows(1);
  }

  @Test
  void bulkLoadLeavesTheHotSet() {
    // given a settled hot set
    int scale = 32;
    int slots = SLABS / scale * SLOTS_PER_SLAB;
    int rows = ROWS / scale;
    ZipfKeys keys = new ZipfKeys(rows, EXPONENT, SEED);
    try (PolicySimulation simulation =
        new PolicySimulation(
            3 * rows, SLABS / scale, PolicySimulation.SLOT_BYTES, SKETCH_BYTES / scale)) {
      double before = 0;
      for (int i = 0; i < 4; i++) {
        before = hitRatio(simulation, keys, 5L * slots);
      }
      // when twice as many new rows are written as there are, first among the reads, then alone
      double during = 0;
      for (int row = rows; row < 2 * rows; row++) {
        simulation.write(row);
        during += simulation.read(keys.next()) ? 1 : 0;
      }
      during /= rows;
      for (int row = 2 * rows; row < 3 * rows; row++) {
        simulation.write(row);
      }
      // then the hot set is still there
      double after = hitRatio(simulation, keys, slots / 4);
      System.out.printf(
          "AdmissionPolicyTest: bulk load: %.4f before, %.4f during, %.4f after%n",
          before, during, after);
      assertThat(during).isGreaterThan(before - 0.02);
      assertThat(after).isGreaterThan(before - 0.02);
    }
  }

  @Test
  void followsAChangeOfTheHotSet() {
    // given a settled hot set
    int scale = 32;
    int slots = SLABS / scale * SLOTS_PER_SLAB;
    int rows = ROWS / scale;
    ZipfKeys keys = new ZipfKeys(rows, EXPONENT, SEED);
    try (PolicySimulation simulation = simulation(scale)) {
      double before = hitRatio(simulation, keys, 20L * slots);
      // when other rows become the popular ones from one access to the next
      long hits = 0;
      double reached = 0;
      StringBuilder course = new StringBuilder();
      for (int i = 0; i < 8; i++) {
        hits = 0;
        for (int j = 0; j < 5 * slots; j++) {
          hits += simulation.read(rows - 1 - keys.next()) ? 1 : 0;
        }
        reached = (double) hits / (5 * slots);
        course.append(" %.4f".formatted(reached));
      }
      // then they are in DRAM soon
      System.out.printf(
          "AdmissionPolicyTest: change: %.4f before, then by 5 accesses a slot:%s%n",
          before, course);
      assertThat(reached).isGreaterThan(before - 0.02);
    }
  }

  @Test
  void keepsRowsThatAreWrittenAndReadAgainSoon() {
    // given a full DRAM tier of rows that are used now and then
    int slots = SLABS / 32 * SLOTS_PER_SLAB;
    SplittableRandom random = new SplittableRandom(SEED);
    try (PolicySimulation simulation = simulation(32)) {
      for (int i = 0; i < 10 * slots; i++) {
        simulation.read(random.nextInt(slots));
      }
      // when new rows are written, and read again twenty writes later
      int hits = 0;
      int read = 0;
      for (int row = 2 * slots; row < 4 * slots; row++) {
        simulation.write(row);
        read++;
        hits += simulation.read(row - 20) ? 1 : 0;
      }
      // then the window has them
      assertThat((double) hits / read).isGreaterThan(0.99);
    }
  }

  @Test
  void keepsUpWithCaffeineOnATrace() throws IOException {
    Path path =
        Path.of(System.getProperty("emberkv.trace", "../../shared/traces/video-interactions.txt"));
    assumeTrue(Files.exists(path), () -> "no trace at " + path.toAbsolutePath());
    int[] keys = interactions(path);
    int distinct = 0;
    for (int key : keys) {
      distinct = Math.max(distinct, key + 1);
    }
    // given DRAM for a tenth of the users and items
    long granules = SlabPool.SLAB_BYTES / Slot.GRANULE_BYTES;
    int slotBytes = (int) Math.ceilDiv(granules, distinct / 10) * Slot.GRANULE_BYTES;
    long slots = SlabPool.SLAB_BYTES / slotBytes;
    Cache<Integer, Boolean> caffeine =
        Caffeine.newBuilder().maximumSize(slots).executor(Runnable::run).build();
    int hits = 0;
    int caffeineHits = 0;
    try (PolicySimulation simulation = new PolicySimulation(distinct, 1, slotBytes, slots * 3)) {
      for (int key : keys) {
        hits += simulation.read(key) ? 1 : 0;
        if (caffeine.getIfPresent(key) != null) {
          caffeineHits++;
        } else {
          caffeine.put(key, true);
        }
      }
    }
    // then as many of them are found there as Caffeine finds
    double ratio = (double) hits / keys.length;
    double caffeineRatio = (double) caffeineHits / keys.length;
    System.out.printf(
        "AdmissionPolicyTest: trace of %d accesses to %d keys: %.4f, Caffeine %.4f%n",
        keys.length, distinct, ratio, caffeineRatio);
    assertThat(ratio).isGreaterThan(caffeineRatio - 0.005);
  }

  /** Reads lines {@code user item} as accesses to the user and to the item, numbered from 0. */
  private static int[] interactions(Path path) throws IOException {
    List<String> lines = Files.readAllLines(path);
    Map<String, Integer> numbers = new HashMap<>();
    int[] keys = new int[2 * lines.size()];
    int count = 0;
    for (String line : lines) {
      String[] pair = line.split(" ", -1);
      keys[count++] = numbers.computeIfAbsent("user " + pair[0], name -> numbers.size());
      keys[count++] = numbers.computeIfAbsent("item " + pair[1], name -> numbers.size());
    }
    return keys;
  }
}

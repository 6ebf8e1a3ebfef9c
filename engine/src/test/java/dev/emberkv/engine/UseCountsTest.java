package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.uring.NativeMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The states of a use byte, and what becomes of them when uses and halvings race. */
class UseCountsTest {
  private static final long SLABS = 2;

  private final NativeMemory slabs = NativeMemory.reserve(SLABS * SlabPool.SLAB_BYTES);
  private final UseCounts counts = new UseCounts(slabs.address(), SLABS * SlabPool.SLAB_BYTES);

  @AfterEach
  void close() {
    counts.close();
    slabs.close();
  }

  private byte afterTouches(byte use, int touches) {
    long slot = slabs.address() + 5 * UseCounts.BYTES_PER_COUNT;
    counts.set(slot, use);
    for (int i = 0; i < touches; i++) {
      counts.touch(slot);
    }
    return counts.get(slot);
  }

  @Test
  void anOrdinaryRowIsCountedUpToTheHighestFrequency() {
    for (int touches = 0; touches < 40; touches++) {
      byte use = afterTouches(UseCounts.ordinary(0), touches);
      assertThat(UseCounts.frequency(use)).isEqualTo(Math.min(touches, UseCounts.MAX_FREQUENCY));
      assertThat(UseCounts.isWindow(use) || UseCounts.isPinned(use)).isFalse();
    }
  }

  @Test
  void aBurstInTheWindowCountsOnce() {
    for (int estimate = 0; estimate <= UseCounts.MAX_FREQUENCY; estimate++) {
      byte fresh = UseCounts.window(estimate);
      assertThat(UseCounts.isWindow(fresh)).isTrue();
      assertThat(UseCounts.isUsedInWindow(fresh)).isFalse();
      for (int touches = 1; touches < 40; touches++) {
        byte use = afterTouches(fresh, touches);
        assertThat(UseCounts.isUsedInWindow(use)).isTrue();
        assertThat(UseCounts.isPinned(use) || UseCounts.isPinnedAndUsed(use)).isFalse();
        assertThat(UseCounts.frequency(use)).isEqualTo(Math.min(estimate, 6) + 1);
      }
    }
  }

  @Test
  void aPinEndsWithTheFirstUse() {
    assertThat(UseCounts.isPinned(UseCounts.pinned())).isTrue();
    for (int touches = 1; touches < 5; touches++) {
      byte use = afterTouches(UseCounts.pinned(), touches);
      assertThat(UseCounts.isPinned(use)).isFalse();
      assertThat(UseCounts.isPinnedAndUsed(use)).isTrue();
      assertThat(UseCounts.isWindow(use)).isFalse();
    }
  }

  @Test
  void halvingIsForOrdinaryRowsOfOneSlab() {
    // given rows of all kinds in two slabs
    SplittableRandom random = new SplittableRandom(3);
    List<Byte> before = new ArrayList<>();
    for (long at = 0; at < SLABS * SlabPool.SLAB_BYTES; at += UseCounts.BYTES_PER_COUNT) {
      int frequency = random.nextInt(UseCounts.MAX_FREQUENCY + 1);
      byte use =
          switch (random.nextInt(3)) {
            case 0 -> UseCounts.ordinary(frequency);
            case 1 -> UseCounts.window(frequency);
            default -> UseCounts.pinned();
          };
      counts.set(slabs.address() + at, use);
      before.add(use);
    }
    // when the first one is halved
    counts.halve(slabs.address(), SlabPool.SLAB_BYTES);
    // then its ordinary rows have half of their counts, and nothing else has changed
    for (int i = 0; i < before.size(); i++) {
      byte use = before.get(i);
      boolean halved = use >= 0 && i < before.size() / 2;
      byte expected = halved ? UseCounts.ordinary(UseCounts.frequency(use) / 2) : use;
      assertThat(counts.get(slabs.address() + (long) i * UseCounts.BYTES_PER_COUNT))
          .isEqualTo(expected);
    }
  }

  @Test
  void racesNeverPinARow() throws InterruptedException {
    // given threads that use, halve and reset the rows of one word of counts
    int rows = Long.BYTES;
    List<Thread> threads = new ArrayList<>();
    List<String> wrong = new ArrayList<>();
    for (int thread = 0; thread < 3; thread++) {
      int role = thread;
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                SplittableRandom random = new SplittableRandom(role);
                for (int i = 0; i < 2_000_000; i++) {
                  long slot =
                      slabs.address() + (long) random.nextInt(rows) * UseCounts.BYTES_PER_COUNT;
                  switch (role) {
                    case 0 -> counts.touch(slot);
                    case 1 ->
                        counts.halve(slabs.address(), (long) rows * UseCounts.BYTES_PER_COUNT);
                    default ->
                        counts.set(
                            slot,
                            (i & 1) == 0
                                ? UseCounts.window(random.nextInt(8))
                                : UseCounts.ordinary(random.nextInt(8)));
                  }
                  byte use = counts.get(slot);
                  if (use < 0 && !UseCounts.isWindow(use)) {
                    synchronized (wrong) {
                      wrong.add("thread %d saw %02x".formatted(role, use));
                    }
                    return;
                  }
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(wrong).isEmpty();
  }
}

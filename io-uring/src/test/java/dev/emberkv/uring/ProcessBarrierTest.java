package dev.emberkv.uring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ProcessBarrierTest {
  private static final int ROUNDS = 20_000;

  private final NativeMemory memory = NativeMemory.reserve(NativeMemory.HUGE_PAGE_BYTES);
  private final long mine = memory.address();
  private final long theirs = memory.address() + 64;

  /** Store, then load: without a fence on either side, both threads may read 0. */
  @Test
  void theRareSidesBarrierReplacesTheFenceOfTheOther() throws Exception {
    assumeThat(ProcessBarrier.isAvailable())
        .as("this kernel refuses membarrier(2), so stores fence every operation")
        .isTrue();
    CyclicBarrier round = new CyclicBarrier(2);
    int[] seen = new int[ROUNDS];
    Thread frequent =
        Thread.ofPlatform()
            .start(() -> {
              for (int i = 0; i < ROUNDS; i++) {
                await(round);
                RawMemory.putLongOpaque(mine, 1);
                seen[i] = (int) RawMemory.getLongOpaque(theirs);
                await(round);
              }
            });
    int bothZero = 0;
    for (int i = 0; i < ROUNDS; i++) {
      RawMemory.putLong(mine, 0);
      RawMemory.putLong(theirs, 0);
      await(round);
      RawMemory.putLongOpaque(theirs, 1);
      ProcessBarrier.run();
      long other = RawMemory.getLongOpaque(mine);
      await(round);
      if (other == 0 && seen[i] == 0) {
        bothZero++;
      }
    }
    frequent.join();
    memory.close();
    assertThat(bothZero).isZero();
  }

  private static void await(CyclicBarrier barrier) {
    try {
      barrier.await(30, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}

package dev.emberkv.uring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.uring.generated.LibUring;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A ring by itself: entries, laps, modes. These fail, not skip, where the kernel has io_uring. */
@Tag("uring")
final class RingTest {
  @BeforeAll
  static void requireKernel() {
    KernelUring.require();
  }

  @ParameterizedTest
  @EnumSource(RingMode.class)
  void givenEachMode_whenManyLapsOfEntriesPass_thenEveryOneComesBackOnce(RingMode mode) {
    try (Ring ring = new Ring(8, mode)) {
      List<Long> echoed = new ArrayList<>();
      long next = 0;
      for (int round = 0; round < 100; round++) {
        int count = round % 8 + 1;
        for (int i = 0; i < count; i++) {
          SubmissionEntry.writeNop(ring.nextEntry(), next++);
        }
        assertThat(ring.unsubmitted()).isEqualTo(count);
        assertThat(ring.enter(count)).isEqualTo(count);
        assertThat(ring.completions()).isEqualTo(count);
        ring.reap((userData, result) -> echoed.add(result == 0 ? userData : -1L));
      }
      assertThat(echoed).hasSize((int) next).doesNotHaveDuplicates().doesNotContain(-1L);
    }
  }

  @Test
  void givenALinuxWithAllModes_whenAskedForOne_thenItIsGranted() {
    String[] version = System.getProperty("os.version").split("[.-]", -1);
    int number = Integer.parseInt(version[0]) * 1000 + Integer.parseInt(version[1]);
    try (Ring shared = new Ring(4, RingMode.SHARED);
        Ring single = new Ring(4, RingMode.SINGLE_THREAD)) {
      boolean newLibrary = Library.has("io_uring_get_events");
      assertThat(shared.mode())
          .isEqualTo(number >= 5019 && newLibrary ? RingMode.SHARED : RingMode.PLAIN);
      if (number >= 6001 && newLibrary) {
        assertThat(single.mode()).isEqualTo(RingMode.SINGLE_THREAD);
      }
    }
  }

  @Test
  void givenAFullSubmissionRing_whenOneMoreIsTaken_thenItIsRefused() {
    try (Ring ring = new Ring(4, RingMode.SHARED)) {
      for (int i = 0; i < 4; i++) {
        SubmissionEntry.writeNop(ring.nextEntry(), i);
      }

      assertThatThrownBy(ring::nextEntry)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("all 4");

      assertThat(ring.enter(4)).isEqualTo(4);
      SubmissionEntry.writeNop(ring.nextEntry(), 5);
    }
  }

  @Test
  void givenTheLargestDepth_whenFilledInOneGo_thenAllCompletionsFit() {
    int depth = IoBackend.MAX_DEPTH;
    try (Ring ring = new Ring(depth, RingMode.SHARED)) {
      for (int i = 0; i < depth; i++) {
        SubmissionEntry.writeNop(ring.nextEntry(), i);
      }
      int taken = 0;
      while (taken < depth) {
        int result = ring.enter(0);
        assertThat(result).isPositive();
        taken += result;
      }
      while (ring.completions() < depth) {
        assertThat(ring.enter(depth)).isNotNegative();
      }
      long[] sum = new long[1];
      ring.reap((userData, result) -> sum[0] += userData);
      assertThat(sum[0]).isEqualTo((long) depth * (depth - 1) / 2);
    }
  }

  @Test
  void givenTheKernel_whenAskedForOperations_thenItKnowsTheUsedOnesAndNotAnInventedOne() {
    try (Ring ring = new Ring(1, RingMode.SHARED)) {
      for (int operation :
          new int[] {
            LibUring.IORING_OP_READ(),
            LibUring.IORING_OP_WRITE(),
            LibUring.IORING_OP_READ_FIXED(),
            LibUring.IORING_OP_WRITE_FIXED(),
            LibUring.IORING_OP_FSYNC()
          }) {
        assertThat(ring.supports(operation)).as("operation %d", operation).isTrue();
      }
      assertThat(ring.supports(255)).isFalse();
    }
  }

  @Test
  void givenTwoGibibytesAndMore_whenMadeBuffers_thenAnAddressFindsTheOneItIsIn() {
    try (NativeMemory memory = NativeMemory.reserve(5L << 29);
        FaultyRing ring = new FaultyRing(1)) {
      ring.registerBuffersAnswer = 0;
      FixedBuffers buffers = FixedBuffers.register(ring, memory);
      long base = memory.address();
      long gibibyte = 1L << 30;

      assertThat(buffers.indexOf(base, 4096)).isZero();
      assertThat(buffers.indexOf(base + gibibyte - 4096, 4096)).isZero();
      assertThat(buffers.indexOf(base + gibibyte - 4096, 8192)).isEqualTo(FixedBuffers.NONE);
      assertThat(buffers.indexOf(base + gibibyte, 4096)).isEqualTo(1);
      assertThat(buffers.indexOf(base + memory.sizeBytes() - 4096, 4096)).isEqualTo(2);
      assertThat(buffers.indexOf(base + memory.sizeBytes() - 4096, 8192))
          .isEqualTo(FixedBuffers.NONE);
      assertThat(buffers.indexOf(base - 4096, 4096)).isEqualTo(FixedBuffers.NONE);
      assertThat(buffers.indexOf(4096, 4096)).isEqualTo(FixedBuffers.NONE);
    }
  }
}

package dev.emberkv.uring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RawMemoryTest {
  private static final int MARGIN = 80;
  private static final byte UNTOUCHED = 0x55;

  @Test
  void testsRunWithVectorCode() {
    // otherwise the tests of this module and of the index would look at the scalar twins alone
    assertThat(ModuleLayer.boot().findModule("jdk.incubator.vector")).isPresent();
  }

  @Test
  void everyLengthIsCopiedWholeAndNothingElse() {
    SplittableRandom random = new SplittableRandom(11);
    try (Arena arena = Arena.ofConfined()) {
      for (int length = 0; length <= WideCopy.MAX_BYTES + 70; length++) {
        byte[] content = new byte[length];
        random.nextBytes(content);
        MemorySegment source = arena.allocate(Math.max(1, length));
        MemorySegment.copy(content, 0, source, ValueLayout.JAVA_BYTE, 0, length);

        MemorySegment target = untouched(arena, length);
        RawMemory.copy(source.address(), target.address() + MARGIN, length);
        requireCopied(target, content);

        MemorySegment second = untouched(arena, length);
        RawMemory.copy(source.address(), second, MARGIN, length);
        requireCopied(second, content);

        MemorySegment third = untouched(arena, length);
        RawMemory.copy(MemorySegment.ofArray(content), 0, third.address() + MARGIN, length);
        requireCopied(third, content);
      }
    }
  }

  @Test
  void aRangeThatEndsBehindTheTargetIsRefused() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment source = arena.allocate(256);
      MemorySegment target = arena.allocate(255);
      assertThatThrownBy(() -> RawMemory.copy(source.address(), target, 0, 256))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> RawMemory.copy(target, 0, source.address(), 256))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void aClosedTargetIsRefused() {
    Arena closed = Arena.ofShared();
    MemorySegment target = closed.allocate(256);
    closed.close();
    try (Arena arena = Arena.ofConfined()) {
      long source = arena.allocate(256).address();
      assertThatThrownBy(() -> RawMemory.copy(source, target, 0, 256))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  private static MemorySegment untouched(Arena arena, int length) {
    return arena.allocate(MARGIN + length + MARGIN).fill(UNTOUCHED);
  }

  private static void requireCopied(MemorySegment target, byte[] content) {
    byte[] expected = new byte[MARGIN + content.length + MARGIN];
    Arrays.fill(expected, UNTOUCHED);
    System.arraycopy(content, 0, expected, MARGIN, content.length);
    assertThat(target.toArray(ValueLayout.JAVA_BYTE))
        .as("%d bytes", content.length)
        .isEqualTo(expected);
  }
}

package dev.emberkv.uring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

final class NativeMemoryTest {
  private static final long MIB = 1L << 20;

  @Test
  void givenAnOddSize_whenReserved_thenItIsRoundedUpAlignedAndZero() {
    try (NativeMemory memory = NativeMemory.reserve(5 * MIB + 1)) {
      assertThat(memory.sizeBytes()).isEqualTo(6 * MIB);
      assertThat(memory.address() % NativeMemory.HUGE_PAGE_BYTES).isZero();
      MemorySegment segment = memory.segment();
      assertThat(segment.byteSize()).isEqualTo(6 * MIB);
      assertThat(segment.get(ValueLayout.JAVA_LONG, 6 * MIB - 8)).isZero();
    }
  }

  @Test
  void givenReservedMemory_whenNothingIsTouched_thenItTakesNoPhysicalMemory() throws IOException {
    try (NativeMemory memory = NativeMemory.reserve(1L << 36)) {
      assertThat(smaps(memory, "Rss")).isZero();
    }
  }

  @Test
  void givenHugePagesAllowed_whenTouched_thenTheKernelUsesThem() throws IOException {
    Path enabled = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
    Requirement.that(
        Files.exists(enabled) && !Files.readString(enabled).contains("[never]"),
        "transparent huge pages are off on this machine");
    try (NativeMemory memory = NativeMemory.reserve(64 * MIB)) {
      for (long at = 0; at < memory.sizeBytes(); at += 4096) {
        RawMemory.putByte(memory.address() + at, (byte) 1);
      }
      assertThat(smaps(memory, "AnonHugePages")).isGreaterThanOrEqualTo(32 * MIB);
    }
  }

  @Test
  void givenTouchedMemory_whenARangeIsReleased_thenItReadsAsZerosAndItsPagesAreGone()
      throws IOException {
    try (NativeMemory memory = NativeMemory.reserve(8 * MIB)) {
      memory.segment().fill((byte) 7);
      assertThat(smaps(memory, "Rss")).isEqualTo(8 * MIB);

      memory.release(2 * MIB, 4 * MIB);

      assertThat(smaps(memory, "Rss")).isEqualTo(4 * MIB);
      assertThat(RawMemory.getByte(memory.address() + 2 * MIB - 1)).isEqualTo((byte) 7);
      assertThat(RawMemory.getByte(memory.address() + 2 * MIB)).isZero();
      assertThat(RawMemory.getByte(memory.address() + 6 * MIB)).isEqualTo((byte) 7);
    }
  }

  @Test
  void givenAClosedMapping_whenTheProcessIsLookedAt_thenItsAddressSpaceIsSmaller()
      throws IOException {
    NativeMemory memory = NativeMemory.reserve(1L << 40);
    long with = virtualBytes();
    memory.close();
    memory.close();

    assertThat(with - virtualBytes()).isGreaterThan(1L << 39);
  }

  @Test
  void givenRangesOutside_whenReleased_thenTheyAreRefused() {
    try (NativeMemory memory = NativeMemory.reserve(2 * MIB)) {
      assertThatThrownBy(() -> memory.release(MIB, 2 * MIB))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> memory.release(-4096, 4096))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
    assertThatThrownBy(() -> NativeMemory.reserve(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("sizeBytes");
  }

  @Test
  void givenMoreThanTheAddressSpace_whenReserved_thenTheFailureHasTheErrno() {
    assertThatThrownBy(() -> NativeMemory.reserve(1L << 60))
        .isInstanceOf(IoFailure.class)
        .extracting(e -> ((IoFailure) e).errno())
        .isEqualTo(Errno.ENOMEM);
  }

  /** Sums a field, in bytes, over the mappings inside the memory. */
  private static long smaps(NativeMemory memory, String field) throws IOException {
    long kibibytes = 0;
    for (String line : smapsLines(memory)) {
      if (line.startsWith(field + ":")) {
        kibibytes += Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    return kibibytes * 1024;
  }

  private static List<String> smapsLines(NativeMemory memory) throws IOException {
    long end = memory.address() + memory.sizeBytes();
    boolean[] inside = new boolean[1];
    return Files.readAllLines(Path.of("/proc/self/smaps")).stream()
        .filter(line -> {
          if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
            long start = Long.parseUnsignedLong(line.substring(0, line.indexOf('-')), 16);
            inside[0] = start >= memory.address() && start < end;
          }
          return inside[0];
        })
        .toList();
  }

  private static long virtualBytes() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmSize:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024)
        .sum();
  }
}

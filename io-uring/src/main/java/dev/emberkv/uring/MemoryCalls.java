package dev.emberkv.uring;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The C library's memory-mapping calls, each with its prototype and its error turned into a throw.
 */
final class MemoryCalls {
  private static final int PROT_READ_WRITE = 0x1 | 0x2;
  private static final int MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x02 | 0x20 | 0x4000;
  private static final int MADV_DONTNEED = 4;
  private static final int MADV_HUGEPAGE = 14;
  private static final int MADV_NOHUGEPAGE = 15;
  private static final long MAP_FAILED = -1;

  /** {@code void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)}. */
  private static final MethodHandle MMAP =
      NativeCall.handle(
          "mmap",
          FunctionDescriptor.of(
              ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));

  /** {@code int munmap(void *addr, size_t length)}. */
  private static final MethodHandle MUNMAP =
      NativeCall.handle("munmap", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG));

  /** {@code int madvise(void *addr, size_t length, int advice)}. */
  private static final MethodHandle MADVISE =
      NativeCall.handle("madvise", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));

  private MemoryCalls() {}

  /** Maps {@code sizeBytes} anonymous bytes whose address is a multiple of {@code alignment}. */
  static long mapAligned(long sizeBytes, long alignment) {
    long wide = map(sizeBytes + alignment);
    long start = Math.ceilDiv(wide, alignment) * alignment;
    if (start > wide) {
      unmap(wide, start - wide);
    }
    long tail = wide + alignment - start;
    if (tail > 0) {
      unmap(start + sizeBytes, tail);
    }
    return start;
  }

  private static long map(long sizeBytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = NativeCall.newState(arena);
      MemorySegment result =
          (MemorySegment)
              MMAP.invokeExact(
                  state,
                  MemorySegment.NULL,
                  sizeBytes,
                  PROT_READ_WRITE,
                  MAP_PRIVATE_ANONYMOUS_NORESERVE,
                  -1,
                  0L);
      if (result.address() == MAP_FAILED) {
        throw new IoFailure("mmap of " + sizeBytes + " bytes", NativeCall.errno(state));
      }
      return result.address();
    } catch (Throwable e) {
      throw NativeCall.rethrow(e);
    }
  }

  static void unmap(long address, long sizeBytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = NativeCall.newState(arena);
      if ((int) MUNMAP.invokeExact(state, MemorySegment.ofAddress(address), sizeBytes) != 0) {
        throw new IoFailure("munmap of " + sizeBytes + " bytes", NativeCall.errno(state));
      }
    } catch (Throwable e) {
      throw NativeCall.rethrow(e);
    }
  }

  /**
   * Asks for huge pages. A kernel without them answers EINVAL, and the memory is just as usable.
   */
  static boolean adviseHugePages(long address, long sizeBytes) {
    return advise(address, sizeBytes, MADV_HUGEPAGE) == 0;
  }

  /** Asks for 4 KiB pages; a kernel without huge pages answers EINVAL and has nothing else. */
  static boolean adviseSmallPages(long address, long sizeBytes) {
    return advise(address, sizeBytes, MADV_NOHUGEPAGE) == 0;
  }

  static void discard(long address, long sizeBytes) {
    int errno = advise(address, sizeBytes, MADV_DONTNEED);
    if (errno != 0) {
      throw new IoFailure("madvise(MADV_DONTNEED) of " + sizeBytes + " bytes", errno);
    }
  }

  private static int advise(long address, long sizeBytes, int advice) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = NativeCall.newState(arena);
      int result =
          (int) MADVISE.invokeExact(state, MemorySegment.ofAddress(address), sizeBytes, advice);
      return result == 0 ? 0 : NativeCall.errno(state);
    } catch (Throwable e) {
      throw NativeCall.rethrow(e);
    }
  }
}

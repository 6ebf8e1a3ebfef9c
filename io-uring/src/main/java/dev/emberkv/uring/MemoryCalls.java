package dev.emberkv.uring;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

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

  private static final Linker LINKER = Linker.nativeLinker();
  private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
  private static final VarHandle ERRNO_HANDLE =
      Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));

  /** {@code void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)}. */
  private static final MethodHandle MMAP =
      handle(
          "mmap",
          FunctionDescriptor.of(
              ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));

  /** {@code int munmap(void *addr, size_t length)}. */
  private static final MethodHandle MUNMAP =
      handle("munmap", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG));

  /** {@code int madvise(void *addr, size_t length, int advice)}. */
  private static final MethodHandle MADVISE =
      handle("madvise", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));

  private MemoryCalls() {}

  private static MethodHandle handle(String name, FunctionDescriptor descriptor) {
    return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor, ERRNO);
  }

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
      MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
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
        throw new IoFailure("mmap of " + sizeBytes + " bytes", errno(state));
      }
      return result.address();
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  static void unmap(long address, long sizeBytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
      if ((int) MUNMAP.invokeExact(state, MemorySegment.ofAddress(address), sizeBytes) != 0) {
        throw new IoFailure("munmap of " + sizeBytes + " bytes", errno(state));
      }
    } catch (Throwable e) {
      throw rethrow(e);
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
      MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
      int result =
          (int) MADVISE.invokeExact(state, MemorySegment.ofAddress(address), sizeBytes, advice);
      return result == 0 ? 0 : errno(state);
    } catch (Throwable e) {
      throw rethrow(e);
    }
  }

  private static int errno(MemorySegment state) {
    return (int) ERRNO_HANDLE.get(state, 0L);
  }

  private static RuntimeException rethrow(Throwable e) {
    if (e instanceof RuntimeException runtime) {
      return runtime;
    }
    if (e instanceof Error error) {
      throw error;
    }
    return new IllegalStateException("a downcall threw", e);
  }
}

package dev.emberkv.uring;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * The C library's file calls, each with its prototype. A call that fails returns its errno as a
 * negative number, as the kernel does.
 */
final class FileCalls {
  /** From {@code <fcntl.h>}; O_DIRECT is the one flag whose value depends on the platform. */
  static final int O_RDWR = 0x2;

  static final int O_CREAT = 0x40;
  static final int O_CLOEXEC = 0x80000;
  static final int O_DIRECT =
      System.getProperty("os.arch", "").equals("aarch64") ? 0x10000 : 0x4000;

  static final int FALLOC_FL_KEEP_SIZE = 0x1;
  static final int FALLOC_FL_PUNCH_HOLE = 0x2;

  private static final int F_GETFL = 3;
  private static final int MODE_RW_FOR_ALL = 0666;

  /** {@code int open(const char *path, int flags, ...)} with a {@code mode_t}. */
  private static final MethodHandle OPEN =
      NativeCall.handle(
          "open",
          FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT),
          Linker.Option.firstVariadicArg(2));

  /** {@code int close(int fd)}. */
  private static final MethodHandle CLOSE =
      NativeCall.handle("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

  /** {@code int fcntl(int fd, int command, ...)} without a further argument. */
  private static final MethodHandle FCNTL =
      NativeCall.handle(
          "fcntl",
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT),
          Linker.Option.firstVariadicArg(2));

  /** {@code int fallocate(int fd, int mode, off_t offset, off_t length)}. */
  private static final MethodHandle FALLOCATE =
      NativeCall.handle(
          "fallocate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));

  /** {@code int fdatasync(int fd)}. */
  private static final MethodHandle FDATASYNC =
      NativeCall.handle("fdatasync", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

  /** {@code int statx(int dir, const char *path, int flags, unsigned mask, struct statx *out)}. */
  private static final MethodHandle STATX =
      NativeCall.handle(
          "statx", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS));

  /** {@code int fstatfs(int fd, struct statfs *out)}. */
  private static final MethodHandle FSTATFS =
      NativeCall.handle("fstatfs", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));

  private FileCalls() {}

  /** Returns a descriptor or a negative errno. */
  static int open(Path path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = NativeCall.newState(arena);
      MemorySegment name = arena.allocateFrom(path.toString());
      int fd = (int) OPEN.invokeExact(state, name, flags, MODE_RW_FOR_ALL);
      return fd >= 0 ? fd : -NativeCall.errno(state);
    } catch (Throwable e) {
      throw NativeCall.rethrow(e);
    }
  }

  /** Returns 0 or a negative errno. The descriptor is gone in both cases. */
  static int close(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = NativeCall.newState(arena);
      return (int) CLOSE.invokeExact(state, fd) == 0 ? 0 : -NativeCall.errno(state);
    } catch (Throwable e) {
      throw NativeCall.rethrow(e);
    }
  }

  /** Returns the open file's status flags or a negative errno. */
  static int statusFlags(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = NativeCall.newState(arena);
      int flags = (int) FCNTL.invokeExact(state, fd, F_GETFL);
      return flags >= 0 ? flags : -NativeCall.errno(state);
    } catch (Throwable e) {
      throw NativeCall.rethrow(e);
    }
  }

  /** Returns 0 or a negative errno. */
  static int fallocate(int fd, int mode, long offset, long lengthBytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = NativeCall.newState(arena);
      int result = (int) FALLOCATE.invokeExact(state, fd, mode, offset, lengthBytes);
      return result == 0 ? 0 : -NativeCall.errno(state);
    } catch (Throwable e) {
      throw NativeCall.rethrow(e);
    }
  }

  /** Returns 0 or a negative errno. */
  static int fdatasync(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = NativeCall.newState(arena);
      return (int) FDATASYNC.invokeExact(state, fd) == 0 ? 0 : -NativeCall.errno(state);
    } catch (Throwable e) {
      throw NativeCall.rethrow(e);
    }
  }

  /**
   * What statx says of an open file.
   *
   * @param sizeBytes length of the file
   * @param directReported whether kernel and file system tell the rules of direct I/O at all (Linux
   *     6.1; ext4, xfs and others)
   * @param memoryAlignment what addresses must be a multiple of, 0 where direct I/O is impossible
   * @param offsetAlignment what offsets and lengths must be a multiple of, 0 likewise
   */
  record FileStatus(
      long sizeBytes, boolean directReported, int memoryAlignment, int offsetAlignment) {}

  /**
   * Asks for size and direct I/O alignment.
   *
   * @throws IoFailure when statx fails
   */
  static FileStatus status(int fd, Path path) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = NativeCall.newState(arena);
      MemorySegment status = arena.allocate(StatxLayout.SIZE_BYTES, Long.BYTES);
      int result =
          (int)
              STATX.invokeExact(
                  state,
                  fd,
                  arena.allocateFrom(""),
                  StatxLayout.AT_EMPTY_PATH,
                  StatxLayout.STATX_SIZE | StatxLayout.STATX_DIOALIGN,
                  status);
      if (result != 0) {
        throw new IoFailure("statx of " + path, NativeCall.errno(state));
      }
      int mask = status.get(JAVA_INT, StatxLayout.MASK);
      return new FileStatus(
          status.get(JAVA_LONG, StatxLayout.SIZE),
          (mask & StatxLayout.STATX_DIOALIGN) != 0,
          status.get(JAVA_INT, StatxLayout.DIO_MEM_ALIGN),
          status.get(JAVA_INT, StatxLayout.DIO_OFFSET_ALIGN));
    } catch (Throwable e) {
      throw NativeCall.rethrow(e);
    }
  }

  /**
   * Returns the magic number of the file system that an open file is on.
   *
   * @throws IoFailure when fstatfs fails
   */
  static long fileSystemType(int fd, Path path) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = NativeCall.newState(arena);
      MemorySegment status = arena.allocate(StatxLayout.STATFS_SIZE_BYTES, Long.BYTES);
      if ((int) FSTATFS.invokeExact(state, fd, status) != 0) {
        throw new IoFailure("fstatfs of " + path, NativeCall.errno(state));
      }
      return status.get(JAVA_LONG, StatxLayout.STATFS_TYPE);
    } catch (Throwable e) {
      throw NativeCall.rethrow(e);
    }
  }
}

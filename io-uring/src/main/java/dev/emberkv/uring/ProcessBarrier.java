package dev.emberkv.uring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * A full memory barrier on every thread of the process at once, by Linux's {@code membarrier(2)}:
 * the rare side of an asymmetric protocol pays for all, and the frequent side needs no fence of its
 * own.
 *
 * <p>Thread-safe.
 */
public final class ProcessBarrier {
  private static final int REGISTER_PRIVATE_EXPEDITED = 1 << 4;
  private static final int PRIVATE_EXPEDITED = 1 << 3;

  /** {@code long syscall(long number, int command, unsigned flags, int cpu)}. */
  private static final MethodHandle SYSCALL =
      NativeCall.handle(
          "syscall",
          FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT),
          Linker.Option.firstVariadicArg(1));

  private static final boolean AVAILABLE = call(REGISTER_PRIVATE_EXPEDITED) == 0;

  private ProcessBarrier() {}

  /**
   * Returns whether the kernel offers the barrier. Where it does not (before Linux 4.14, or a
   * filter), the frequent side needs a fence.
   */
  public static boolean isAvailable() {
    return AVAILABLE;
  }

  /**
   * Returns when every thread has passed a full barrier since the call began.
   *
   * @throws IoFailure when the kernel does not offer it
   */
  public static void run() {
    int errno = call(PRIVATE_EXPEDITED);
    if (errno != 0) {
      throw new IoFailure("membarrier", errno);
    }
  }

  /** Returns 0 or the errno. */
  private static int call(int command) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = NativeCall.newState(arena);
      long result = (long) SYSCALL.invokeExact(state, number(), command, 0, 0);
      return result == 0 ? 0 : NativeCall.errno(state);
    } catch (Throwable e) {
      throw NativeCall.rethrow(e);
    }
  }

  /** Returns the number of the system call, which differs between processors. */
  private static long number() {
    return switch (System.getProperty("os.arch")) {
      case "amd64", "x86_64" -> 324;
      case "aarch64", "riscv64" -> 283;
      default -> -1;
    };
  }
}

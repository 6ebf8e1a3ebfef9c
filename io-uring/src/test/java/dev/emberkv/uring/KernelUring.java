package dev.emberkv.uring;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.api.Assertions;

/**
 * The bare io_uring_setup system call, without liburing or any class under test: it tells "this
 * kernel forbids io_uring" (tests can't run) from "our side is broken" (tests must fail).
 */
final class KernelUring {
  private static final long SYS_IO_URING_SETUP = 425;
  private static final int PARAMS_BYTES = 120;

  /** {@code long syscall(long number, ...)} with {@code (unsigned, struct io_uring_params *)}. */
  private static final MethodHandle SYSCALL =
      NativeCall.handle(
          "syscall",
          FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS),
          Linker.Option.firstVariadicArg(1));

  private KernelUring() {}

  /** Skips the test, with the reason, when the kernel refuses; fails when only liburing lacks. */
  static void require() {
    int errno = setupErrno();
    Requirement.that(errno == 0, "this kernel refuses io_uring: " + Errno.describe(errno));
    if (!Library.isPresent()) {
      Assertions.fail(
          "the kernel allows io_uring but "
              + Library.SONAME
              + " is missing; install it: apt-get install liburing2");
    }
  }

  /** Returns 0 when the kernel makes a ring, else its errno. */
  private static int setupErrno() {
    try (Arena arena = Arena.ofConfined()) {
      var state = NativeCall.newState(arena);
      long fd =
          (long)
              SYSCALL.invokeExact(
                  state, SYS_IO_URING_SETUP, 4, arena.allocate(PARAMS_BYTES, Long.BYTES));
      if (fd < 0) {
        return NativeCall.errno(state);
      }
      FileCalls.close((int) fd);
      return 0;
    } catch (Throwable e) {
      throw NativeCall.rethrow(e);
    }
  }
}

package dev.emberkv.uring;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/** Handles of C library functions that keep the errno of each call in a state segment. */
final class NativeCall {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
  private static final VarHandle ERRNO_HANDLE =
      Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private NativeCall() {}

  /** Returns a handle whose first argument is a segment of {@link #newState}. */
  static MethodHandle handle(
      String name, FunctionDescriptor descriptor, Linker.Option... furtherOptions) {
    Linker.Option[] options = Arrays.copyOf(furtherOptions, furtherOptions.length + 1);
    options[furtherOptions.length] = ERRNO;
    return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor, options);
  }

  /** Allocates the place where a call leaves its errno. */
  static MemorySegment newState(Arena arena) {
    return arena.allocate(Linker.Option.captureStateLayout());
  }

  /** Returns the errno that the last call with this state left; only a failed call sets it. */
  static int errno(MemorySegment state) {
    return (int) ERRNO_HANDLE.get(state, 0L);
  }

  /** Turns what {@code invokeExact} declares into what these calls can throw. */
  static RuntimeException rethrow(Throwable e) {
    if (e instanceof RuntimeException runtime) {
      return runtime;
    }
    if (e instanceof Error error) {
      throw error;
    }
    return new IllegalStateException("a downcall threw", e);
  }
}

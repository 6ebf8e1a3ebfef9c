package dev.emberkv.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The compiled driver in this process: loaded ahead of the bindings, which then find it by its
 * soname. Its switches and counters are here.
 */
final class FakeCuda {
  /** What the driver counts, in the order of its {@code enum kind}. */
  enum Kind {
    CONTEXT(0),
    MODULE(1),
    PINNED(2),
    DEVICE(3),
    STREAM(4),
    EVENT(5),
    IMPORT(6);

    private final int number;

    Kind(int number) {
      this.number = number;
    }
  }

  private static final Path LIBRARY = load();

  private static final MethodHandle LIVE =
      function(
          "fake_cuda_live", FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));

  private static final MethodHandle VIOLATIONS =
      function("fake_cuda_violations", FunctionDescriptor.of(ValueLayout.JAVA_LONG));

  private static final MethodHandle FAIL =
      function(
          "fake_cuda_fail", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));

  private static final MethodHandle FAIL_CALL =
      function(
          "fake_cuda_fail_call",
          FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));

  private static final MethodHandle FAIL_LEFT =
      function("fake_cuda_fail_left", FunctionDescriptor.of(ValueLayout.JAVA_LONG));

  private static final MethodHandle COPY_DELAY =
      function("fake_cuda_copy_delay", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG));

  private FakeCuda() {}

  /** Loads the driver; every test class of it begins with that. */
  static Path library() {
    return LIBRARY;
  }

  private static Path load() {
    try {
      Path folder = Files.createTempDirectory("fake-cuda");
      Path library = DriverCompiler.compileTo(folder);
      folder.toFile().deleteOnExit();
      library.toFile().deleteOnExit();
      System.load(library.toString());
      return library;
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static MethodHandle function(String name, FunctionDescriptor descriptor) {
    return Linker.nativeLinker()
        .downcallHandle(
            SymbolLookup.libraryLookup(LIBRARY, Arena.global()).findOrThrow(name), descriptor);
  }

  /** Lets calls fail at random; 0 of 1000 lets none. */
  static void fail(long seed, int perMille) {
    invoke(FAIL, seed, perMille);
  }

  /** Lets one call of a function fail, the nth from now. */
  static void failCall(String function, long nth) {
    try (Arena arena = Arena.ofConfined()) {
      invoke(FAIL_CALL, arena.allocateFrom(function), nth);
    }
  }

  /** Returns whether the call of {@link #failCall} has come. */
  static boolean hasFailed() {
    return (long) invoke(FAIL_LEFT) == 0;
  }

  /** Makes copies and kernels take longer, so that what does not wait for them is found out. */
  static void copyDelay(long micros) {
    invoke(COPY_DELAY, micros);
  }

  static long live(Kind kind) {
    return (long) invoke(LIVE, kind.number);
  }

  /** Requires that nothing is left and no mistake was made. */
  static void requireNothingLeft(String context) {
    for (Kind kind : Kind.values()) {
      assertThat(live(kind)).as("%s left, %s", kind, context).isZero();
    }
    assertThat((long) invoke(VIOLATIONS)).as("violations, see the output; %s", context).isZero();
  }

  private static Object invoke(MethodHandle function, Object... arguments) {
    try {
      return function.invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}

package dev.emberkv.cuda;

import dev.emberkv.cuda.generated.LibCuda;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;

/**
 * The driver's shared library: whether it is there, and what its status codes mean.
 *
 * <p>The generated bindings look the library up on their own when they are first used; asking here
 * first turns a machine without a driver into an answer instead of an error in a class initializer.
 */
final class DriverLibrary {
  static final String SONAME = "libcuda.so.1";

  private static final boolean PRESENT = load();

  private DriverLibrary() {}

  private static boolean load() {
    try {
      SymbolLookup.libraryLookup(SONAME, Arena.global());
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  static boolean isPresent() {
    return PRESENT;
  }

  /**
   * Passes a success and throws anything else.
   *
   * @throws CudaException with the driver's name for the status
   */
  static void check(String call, int status) {
    if (status != LibCuda.CUDA_SUCCESS()) {
      throw new CudaException(call, status, nameOf(status), meaningOf(status));
    }
  }

  private static String nameOf(int status) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(ValueLayout.ADDRESS);
      return LibCuda.cuGetErrorName(status, text) == LibCuda.CUDA_SUCCESS()
          ? textAt(text)
          : "CUresult " + status;
    }
  }

  private static String meaningOf(int status) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(ValueLayout.ADDRESS);
      return LibCuda.cuGetErrorString(status, text) == LibCuda.CUDA_SUCCESS()
          ? textAt(text)
          : "not known to this driver";
    }
  }

  /** Reads the constant string that a pointer in native memory points to. */
  private static String textAt(MemorySegment pointer) {
    return pointer.get(ValueLayout.ADDRESS, 0).reinterpret(Long.MAX_VALUE).getString(0);
  }
}

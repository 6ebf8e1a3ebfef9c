package dev.emberkv.cuda;

import dev.emberkv.cuda.generated.LibCuda;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * The CUDA driver of this machine, initialized.
 *
 * <p>Thread-safe: the driver's own calls are, and the object has no state. There is nothing to
 * close: the driver stays initialized for the life of the process.
 */
public final class CudaDriver {
  private static final int MAX_NAME_BYTES = 256;

  private CudaDriver() {}

  /** Returns whether the driver's library is on this machine at all. */
  public static boolean isInstalled() {
    return DriverLibrary.isPresent();
  }

  /**
   * Initializes the driver.
   *
   * @throws IllegalStateException when no driver {@linkplain #isInstalled is installed}
   * @throws CudaException when the driver refuses, for want of a device among other reasons
   */
  public static CudaDriver open() {
    if (!isInstalled()) {
      throw new IllegalStateException(DriverLibrary.SONAME + " was not found");
    }
    DriverLibrary.check("cuInit", LibCuda.cuInit(0));
    return new CudaDriver();
  }

  /**
   * Returns the CUDA version that the driver supports, as CUDA counts: 13000 is 13.0, 12040 is
   * 12.4. It can be asked before {@link #open}.
   *
   * @throws IllegalStateException when no driver {@linkplain #isInstalled is installed}
   */
  public static int version() {
    if (!isInstalled()) {
      throw new IllegalStateException(DriverLibrary.SONAME + " was not found");
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment version = arena.allocate(ValueLayout.JAVA_INT);
      DriverLibrary.check("cuDriverGetVersion", LibCuda.cuDriverGetVersion(version));
      return version.get(ValueLayout.JAVA_INT, 0);
    }
  }

  /** Returns the GPUs that this process may use, in the driver's order. */
  public List<CudaDevice> devices() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
      DriverLibrary.check("cuDeviceGetCount", LibCuda.cuDeviceGetCount(count));
      List<CudaDevice> devices = new ArrayList<>();
      for (int ordinal = 0; ordinal < count.get(ValueLayout.JAVA_INT, 0); ordinal++) {
        devices.add(device(ordinal, arena));
      }
      return List.copyOf(devices);
    }
  }

  private static CudaDevice device(int ordinal, Arena arena) {
    MemorySegment handle = arena.allocate(ValueLayout.JAVA_INT);
    DriverLibrary.check("cuDeviceGet", LibCuda.cuDeviceGet(handle, ordinal));
    int device = handle.get(ValueLayout.JAVA_INT, 0);

    MemorySegment name = arena.allocate(MAX_NAME_BYTES);
    DriverLibrary.check("cuDeviceGetName", LibCuda.cuDeviceGetName(name, MAX_NAME_BYTES, device));

    MemorySegment memoryBytes = arena.allocate(ValueLayout.JAVA_LONG);
    DriverLibrary.check("cuDeviceTotalMem", LibCuda.cuDeviceTotalMem_v2(memoryBytes, device));
    return new CudaDevice(ordinal, name.getString(0), memoryBytes.get(ValueLayout.JAVA_LONG, 0));
  }
}

package dev.emberkv.cuda;

import dev.emberkv.cuda.generated.LibCuda;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A GPU's primary context, which a process has one of and shares with every other user of the
 * driver in it.
 *
 * <p>Thread-safe. Nearly all calls need a context that is current on their thread; {@link #bind}
 * makes this one current for as long as the binding is open, and leaves the caller's own one as it
 * was.
 */
final class CudaContext implements AutoCloseable {
  private final int ordinal;
  private final int device;
  private final MemorySegment handle;
  private final Binding binding = new Binding();

  private CudaContext(int ordinal, int device, MemorySegment handle) {
    this.ordinal = ordinal;
    this.device = device;
    this.handle = handle;
  }

  /**
   * {@code CUresult cuDevicePrimaryCtxRetain(CUcontext *pctx, CUdevice dev)}.
   *
   * @throws CudaException when the driver refuses
   */
  static CudaContext retain(int ordinal) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment device = arena.allocate(ValueLayout.JAVA_INT);
      DriverLibrary.check("cuDeviceGet", LibCuda.cuDeviceGet(device, ordinal));
      int number = device.get(ValueLayout.JAVA_INT, 0);
      MemorySegment context = arena.allocate(ValueLayout.ADDRESS);
      DriverLibrary.check(
          "cuDevicePrimaryCtxRetain", LibCuda.cuDevicePrimaryCtxRetain(context, number));
      return new CudaContext(ordinal, number, context.get(ValueLayout.ADDRESS, 0));
    }
  }

  /** Returns the GPU's number among those that the process may use. */
  int ordinal() {
    return ordinal;
  }

  /** {@code CUresult cuDeviceGetAttribute(int *pi, CUdevice_attribute attrib, CUdevice dev)}. */
  int attribute(int attribute) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
      DriverLibrary.check(
          "cuDeviceGetAttribute", LibCuda.cuDeviceGetAttribute(value, attribute, device));
      return value.get(ValueLayout.JAVA_INT, 0);
    }
  }

  /** {@code CUresult cuCtxPushCurrent_v2(CUcontext ctx)}; closing the binding pops it. */
  Binding bind() {
    DriverLibrary.check("cuCtxPushCurrent", LibCuda.cuCtxPushCurrent_v2(handle));
    return binding;
  }

  /** {@code CUresult cuCtxSynchronize(void)}: waits for all work of the context. */
  void synchronize() {
    try (Binding _ = bind()) {
      DriverLibrary.check("cuCtxSynchronize", LibCuda.cuCtxSynchronize());
    }
  }

  /**
   * Closes what was made in the context. If it can't be bound, that is tried all the same: handles
   * know their context, so the driver may still give back what they stand for.
   */
  void closeBound(ResourceStack resources) {
    ResourceStack all = new ResourceStack();
    try {
      all.add(bind());
    } catch (CudaException e) {
      throw resources.closeAfter(e);
    }
    all.add(resources);
    all.close();
  }

  /** {@code CUresult cuDevicePrimaryCtxRelease_v2(CUdevice dev)}. */
  @Override
  public void close() {
    DriverLibrary.check("cuDevicePrimaryCtxRelease", LibCuda.cuDevicePrimaryCtxRelease_v2(device));
  }

  /** {@code CUresult cuCtxPopCurrent_v2(CUcontext *pctx)} when closed. */
  static final class Binding implements AutoCloseable {
    private Binding() {}

    @Override
    public void close() {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment popped = arena.allocate(ValueLayout.ADDRESS);
        DriverLibrary.check("cuCtxPopCurrent", LibCuda.cuCtxPopCurrent_v2(popped));
      }
    }
  }
}

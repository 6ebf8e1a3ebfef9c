package dev.emberkv.cuda;

import dev.emberkv.cuda.generated.CUipcMemHandle_st;
import dev.emberkv.cuda.generated.LibCuda;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Memory of a GPU: allocated, or opened from another process's handle.
 *
 * <p>Thread-safe but for {@link #close}. All calls want the context bound.
 */
final class DeviceMemory implements AutoCloseable {
  private final long address;
  private final boolean imported;

  private DeviceMemory(long address, boolean imported) {
    this.address = address;
    this.imported = imported;
  }

  /** {@code CUresult cuMemAlloc_v2(CUdeviceptr *dptr, size_t bytesize)}; aligned to 256 bytes. */
  static DeviceMemory allocate(long bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pointer = arena.allocate(ValueLayout.JAVA_LONG);
      DriverLibrary.check("cuMemAlloc", LibCuda.cuMemAlloc_v2(pointer, bytes));
      return new DeviceMemory(pointer.get(ValueLayout.JAVA_LONG, 0), false);
    }
  }

  /**
   * {@code CUresult cuIpcOpenMemHandle_v2(CUdeviceptr *pdptr, CUipcMemHandle handle, unsigned int
   * Flags)}.
   */
  static DeviceMemory open(byte[] sharedHandle) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment shared = CUipcMemHandle_st.allocate(arena);
      shared.copyFrom(MemorySegment.ofArray(sharedHandle));
      MemorySegment pointer = arena.allocate(ValueLayout.JAVA_LONG);
      DriverLibrary.check(
          "cuIpcOpenMemHandle",
          LibCuda.cuIpcOpenMemHandle_v2(
              pointer, shared, LibCuda.CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS()));
      return new DeviceMemory(pointer.get(ValueLayout.JAVA_LONG, 0), true);
    }
  }

  long address() {
    return address;
  }

  /** {@code CUresult cuIpcGetMemHandle(CUipcMemHandle *pHandle, CUdeviceptr dptr)}. */
  byte[] share() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment shared = CUipcMemHandle_st.allocate(arena);
      DriverLibrary.check("cuIpcGetMemHandle", LibCuda.cuIpcGetMemHandle(shared, address));
      return shared.toArray(ValueLayout.JAVA_BYTE);
    }
  }

  /**
   * {@code CUresult cuMemFree_v2(CUdeviceptr dptr)}, or {@code CUresult
   * cuIpcCloseMemHandle(CUdeviceptr dptr)}.
   */
  @Override
  public void close() {
    if (imported) {
      DriverLibrary.check("cuIpcCloseMemHandle", LibCuda.cuIpcCloseMemHandle(address));
    } else {
      DriverLibrary.check("cuMemFree", LibCuda.cuMemFree_v2(address));
    }
  }
}

package dev.emberkv.cuda;

import dev.emberkv.cuda.generated.CUipcEventHandle_st;
import dev.emberkv.cuda.generated.LibCuda;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A point in a stream that others can wait for.
 *
 * <p>Thread-safe but for {@link #close}. All calls want the context bound.
 */
final class CudaEvent implements AutoCloseable {
  private final MemorySegment handle;

  private CudaEvent(MemorySegment handle) {
    this.handle = handle;
  }

  /**
   * {@code CUresult cuEventCreate(CUevent *phEvent, unsigned int Flags)}.
   *
   * @param shared whether other processes will wait for it
   */
  static CudaEvent create(boolean shared) {
    int flags = LibCuda.CU_EVENT_DISABLE_TIMING() | (shared ? LibCuda.CU_EVENT_INTERPROCESS() : 0);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment event = arena.allocate(ValueLayout.ADDRESS);
      DriverLibrary.check("cuEventCreate", LibCuda.cuEventCreate(event, flags));
      return new CudaEvent(event.get(ValueLayout.ADDRESS, 0));
    }
  }

  /** {@code CUresult cuIpcOpenEventHandle(CUevent *phEvent, CUipcEventHandle handle)}. */
  static CudaEvent open(byte[] sharedHandle) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment shared = CUipcEventHandle_st.allocate(arena);
      shared.copyFrom(MemorySegment.ofArray(sharedHandle));
      MemorySegment event = arena.allocate(ValueLayout.ADDRESS);
      DriverLibrary.check("cuIpcOpenEventHandle", LibCuda.cuIpcOpenEventHandle(event, shared));
      return new CudaEvent(event.get(ValueLayout.ADDRESS, 0));
    }
  }

  MemorySegment handle() {
    return handle;
  }

  /** {@code CUresult cuEventRecord(CUevent hEvent, CUstream hStream)}. */
  void record(MemorySegment stream) {
    DriverLibrary.check("cuEventRecord", LibCuda.cuEventRecord(handle, stream));
  }

  /** {@code CUresult cuEventSynchronize(CUevent hEvent)}. */
  void synchronize() {
    DriverLibrary.check("cuEventSynchronize", LibCuda.cuEventSynchronize(handle));
  }

  /** {@code CUresult cuIpcGetEventHandle(CUipcEventHandle *pHandle, CUevent event)}. */
  byte[] share() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment shared = CUipcEventHandle_st.allocate(arena);
      DriverLibrary.check("cuIpcGetEventHandle", LibCuda.cuIpcGetEventHandle(shared, handle));
      return shared.toArray(ValueLayout.JAVA_BYTE);
    }
  }

  /** {@code CUresult cuEventDestroy_v2(CUevent hEvent)}. */
  @Override
  public void close() {
    DriverLibrary.check("cuEventDestroy", LibCuda.cuEventDestroy_v2(handle));
  }
}

package dev.emberkv.cuda;

import dev.emberkv.cuda.generated.LibCuda;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A queue of work on a GPU, done in order and beside other streams'.
 *
 * <p>Thread-safe but for {@link #close}. All calls want the context bound.
 */
final class CudaStream implements AutoCloseable {
  private final MemorySegment handle;

  private CudaStream(MemorySegment handle) {
    this.handle = handle;
  }

  /** {@code CUresult cuStreamCreate(CUstream *phStream, unsigned int Flags)}. */
  static CudaStream create() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment stream = arena.allocate(ValueLayout.ADDRESS);
      DriverLibrary.check(
          "cuStreamCreate", LibCuda.cuStreamCreate(stream, LibCuda.CU_STREAM_NON_BLOCKING()));
      return new CudaStream(stream.get(ValueLayout.ADDRESS, 0));
    }
  }

  MemorySegment handle() {
    return handle;
  }

  /**
   * {@code CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr dstDevice, const void *srcHost, size_t
   * ByteCount, CUstream hStream)}. The source is read until what follows in the stream begins.
   */
  void copyToDevice(long target, MemorySegment source, long lengthBytes) {
    DriverLibrary.check(
        "cuMemcpyHtoDAsync", LibCuda.cuMemcpyHtoDAsync_v2(target, source, lengthBytes, handle));
  }

  /**
   * {@code CUresult cuMemcpyDtoHAsync_v2(void *dstHost, CUdeviceptr srcDevice, size_t ByteCount,
   * CUstream hStream)}.
   */
  void copyToHost(MemorySegment target, long source, long lengthBytes) {
    DriverLibrary.check(
        "cuMemcpyDtoHAsync", LibCuda.cuMemcpyDtoHAsync_v2(target, source, lengthBytes, handle));
  }

  /**
   * {@code CUresult cuStreamWaitEvent(CUstream hStream, CUevent hEvent, unsigned int Flags)}: what
   * is put into the stream from now on begins when the event's last record has come to pass.
   */
  void waitFor(CudaEvent event) {
    waitFor(handle, event);
  }

  /** {@link #waitFor(CudaEvent)} for a stream of the caller's. */
  static void waitFor(MemorySegment stream, CudaEvent event) {
    DriverLibrary.check("cuStreamWaitEvent", LibCuda.cuStreamWaitEvent(stream, event.handle(), 0));
  }

  /** {@code CUresult cuStreamSynchronize(CUstream hStream)}. */
  void synchronize() {
    DriverLibrary.check("cuStreamSynchronize", LibCuda.cuStreamSynchronize(handle));
  }

  /** {@code CUresult cuStreamDestroy_v2(CUstream hStream)}. */
  @Override
  public void close() {
    DriverLibrary.check("cuStreamDestroy", LibCuda.cuStreamDestroy_v2(handle));
  }
}

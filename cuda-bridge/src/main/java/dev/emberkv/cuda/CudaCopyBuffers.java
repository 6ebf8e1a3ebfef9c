package dev.emberkv.cuda;

import dev.emberkv.cuda.generated.LibCuda;
import dev.emberkv.uring.NativeMemory;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Pinned, ordinary and device memory of equal size. */
final class CudaCopyBuffers implements CopyProbe.Buffers {
  private final CudaContext context;
  private final long bytes;
  private final ResourceStack resources = new ResourceStack();
  private @Nullable Parts parts;

  private record Parts(
      MemorySegment pinned, MemorySegment pageable, DeviceMemory target, CudaStream stream) {}

  private CudaCopyBuffers(CudaContext context, long bytes) {
    this.context = context;
    this.bytes = bytes;
  }

  static CudaCopyBuffers open(CudaAccelerator accelerator, long bytes) {
    CudaCopyBuffers buffers = new CudaCopyBuffers(accelerator.context(), bytes);
    try {
      buffers.acquire();
      return buffers;
    } catch (RuntimeException e) {
      ResourceStack opened = new ResourceStack();
      opened.add(buffers);
      throw opened.closeAfter(e);
    }
  }

  private void acquire() {
    try (CudaContext.Binding _ = context.bind()) {
      MemorySegment pinned = resources.add(PinnedMemory.forGpu(bytes)).segment();
      MemorySegment pageable = resources.add(NativeMemory.reserve(bytes)).segment();
      DeviceMemory target = resources.add(DeviceMemory.allocate(bytes));
      CudaStream stream = resources.add(CudaStream.create());
      pinned.fill((byte) 1);
      pageable.fill((byte) 1);
      parts = new Parts(pinned, pageable, target, stream);
    }
  }

  private Parts parts() {
    Parts opened = parts;
    if (opened == null) {
      throw new IllegalStateException("the buffers were not allocated");
    }
    return opened;
  }

  @Override
  public void copyPinned() {
    Parts p = parts();
    try (CudaContext.Binding _ = context.bind()) {
      p.stream.copyToDevice(p.target.address(), p.pinned, bytes);
      p.stream.synchronize();
    }
  }

  /**
   * {@code CUresult cuMemcpyHtoD_v2(CUdeviceptr dstDevice, const void *srcHost, size_t ByteCount)}.
   */
  @Override
  public void copyPageable() {
    Parts p = parts();
    try (CudaContext.Binding _ = context.bind()) {
      DriverLibrary.check(
          "cuMemcpyHtoD", LibCuda.cuMemcpyHtoD_v2(p.target.address(), p.pageable, bytes));
    }
  }

  @Override
  public void close() {
    if (parts != null) {
      resources.add(parts.stream::synchronize);
    }
    context.closeBound(resources);
  }
}

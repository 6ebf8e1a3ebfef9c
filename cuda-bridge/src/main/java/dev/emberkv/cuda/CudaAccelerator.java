package dev.emberkv.cuda;

import dev.emberkv.cuda.generated.LibCuda;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A GPU: its primary context and the kernels that were loaded into it. */
final class CudaAccelerator extends Accelerator {
  /** 7.0, Volta: what {@code gather.ptx} is written for. */
  private static final int MIN_CAPABILITY = 70;

  private final CudaContext context;
  private final GatherKernel kernel;
  private final String description;

  private CudaAccelerator(CudaContext context, GatherKernel kernel, String description) {
    this.context = context;
    this.kernel = kernel;
    this.description = description;
  }

  static CudaAccelerator open(CudaDriver driver, int ordinal) {
    List<CudaDevice> devices = driver.devices();
    if (ordinal < 0 || ordinal >= devices.size()) {
      throw new IllegalArgumentException(
          "ordinal must be in 0..%d, not %d".formatted(devices.size() - 1, ordinal));
    }
    CudaDevice device = devices.get(ordinal);
    ResourceStack opened = new ResourceStack();
    try {
      CudaContext context = opened.add(CudaContext.retain(ordinal));
      requireCapability(device, context);
      ResourceStack inContext = new ResourceStack();
      opened.add(() -> context.closeBound(inContext));
      GatherKernel kernel;
      try (CudaContext.Binding _ = context.bind()) {
        kernel = inContext.add(GatherKernel.load());
      }
      return new CudaAccelerator(
          context, kernel, "GPU %d %s".formatted(device.ordinal(), device.name()));
    } catch (RuntimeException e) {
      throw opened.closeAfter(e);
    }
  }

  private static void requireCapability(CudaDevice device, CudaContext context) {
    int capability =
        10 * context.attribute(LibCuda.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR())
            + context.attribute(LibCuda.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR());
    if (capability < MIN_CAPABILITY) {
      throw new IllegalStateException(
          "GPU %d %s has compute capability %d.%d; 7.0 or later is needed"
              .formatted(device.ordinal(), device.name(), capability / 10, capability % 10));
    }
  }

  CudaContext context() {
    return context;
  }

  GatherKernel kernel() {
    return kernel;
  }

  @Override
  public boolean isGpu() {
    return true;
  }

  @Override
  public String description() {
    return description;
  }

  @Override
  int ordinal() {
    return context.ordinal();
  }

  @Override
  PinnedMemory allocatePinned(long bytes) {
    ResourceStack allocated = new ResourceStack();
    try (CudaContext.Binding _ = context.bind()) {
      return allocated.add(PinnedMemory.forGpu(bytes));
    } catch (RuntimeException e) {
      throw allocated.closeAfter(e);
    }
  }

  @Override
  void free(PinnedMemory memory) {
    ResourceStack freed = new ResourceStack();
    freed.add(memory);
    context.closeBound(freed);
  }

  @Override
  UploadSlot newUploadSlot(SlotLayout layout, MemorySegment memory, boolean shareable) {
    return CudaUploadSlot.open(this, layout, memory, shareable);
  }

  @Override
  DownloadSlot newDownloadSlot(MemorySegment memory) {
    return CudaDownloadSlot.open(this, memory);
  }

  @Override
  CopyProbe.Buffers newCopyBuffers(long bytes) {
    return CudaCopyBuffers.open(this, bytes);
  }

  @Override
  void synchronize() {
    context.synchronize();
  }

  @Override
  void dispose() {
    ResourceStack all = new ResourceStack();
    all.add(context);
    ResourceStack inContext = new ResourceStack();
    inContext.add(kernel);
    all.add(() -> context.closeBound(inContext));
    all.close();
  }

  @Override
  public String toString() {
    return description;
  }
}

package dev.emberkv.cuda;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The rows of a batch that another process shared, in this process's view of the GPU's memory.
 *
 * <p>Not thread-safe. It must be closed before the other process gives the batch back.
 */
public final class OpenedBatch implements AutoCloseable {
  private final CudaAccelerator accelerator;
  private final SharedBatch shared;
  private final ResourceStack resources = new ResourceStack();
  private @Nullable Parts parts;
  private boolean closed;

  private record Parts(DeviceMemory memory, CudaEvent there) {}

  private OpenedBatch(CudaAccelerator accelerator, SharedBatch shared) {
    this.accelerator = accelerator;
    this.shared = shared;
  }

  static OpenedBatch open(CudaAccelerator accelerator, SharedBatch shared) {
    accelerator.addUser();
    OpenedBatch batch = new OpenedBatch(accelerator, shared);
    try {
      batch.acquire();
      return batch;
    } catch (RuntimeException e) {
      ResourceStack opened = new ResourceStack();
      opened.add(batch);
      throw opened.closeAfter(e);
    }
  }

  private void acquire() {
    try (CudaContext.Binding _ = accelerator.context().bind()) {
      DeviceMemory memory = resources.add(DeviceMemory.open(shared.memoryHandle()));
      CudaEvent there = resources.add(CudaEvent.open(shared.eventHandle()));
      parts = new Parts(memory, there);
    }
  }

  private Parts parts() {
    Parts opened = parts;
    if (opened == null || closed) {
      throw new IllegalStateException("the batch is closed");
    }
    return opened;
  }

  /** Returns the device address of the first row. */
  public long address() {
    return parts().memory.address() + shared.offset();
  }

  /** Lets a stream wait for the rows; see {@link DeviceBatch#awaitOn}. */
  public void awaitOn(long stream) {
    try (CudaContext.Binding _ = accelerator.context().bind()) {
      CudaStream.waitFor(MemorySegment.ofAddress(stream), parts().there);
    }
  }

  /** Waits until the rows are in device memory. */
  public void synchronize() {
    try (CudaContext.Binding _ = accelerator.context().bind()) {
      parts().there.synchronize();
    }
  }

  /** Copies the rows to off-heap host memory, and waits for that and for the rows. */
  public void copyTo(MemorySegment target) {
    long bytes = (long) shared.rowCount() * shared.rowBytes();
    if (!target.isNative() || target.byteSize() < bytes) {
      throw new IllegalArgumentException("target must be %d bytes off the heap".formatted(bytes));
    }
    ResourceStack made = new ResourceStack();
    try (CudaContext.Binding _ = accelerator.context().bind()) {
      CudaStream stream = made.add(CudaStream.create());
      stream.waitFor(parts().there);
      stream.copyToHost(target, address(), bytes);
      stream.synchronize();
    } finally {
      accelerator.context().closeBound(made);
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    ResourceStack all = new ResourceStack();
    all.add(accelerator::removeUser);
    all.add(() -> accelerator.context().closeBound(resources));
    all.close();
  }
}

package dev.emberkv.cuda;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A place on a GPU, with a stream of its own, so that its copies run beside other places' and the
 * consumer's work, and two events: the rows are there; the consumer is done with them.
 */
final class CudaUploadSlot extends UploadSlot {
  /** The driver shares whole blocks of this size: others' memory must not be in the same one. */
  private static final long SHARED_BLOCK_BYTES = 2L << 20;

  private final CudaAccelerator accelerator;
  private final ResourceStack resources = new ResourceStack();
  private final boolean shareable;
  private @Nullable Parts parts;
  private boolean uploading;

  private record Parts(DeviceMemory memory, CudaStream stream, CudaEvent there, CudaEvent done) {}

  private CudaUploadSlot(
      CudaAccelerator accelerator, SlotLayout layout, MemorySegment memory, boolean shareable) {
    super(layout, memory);
    this.accelerator = accelerator;
    this.shareable = shareable;
  }

  static CudaUploadSlot open(
      CudaAccelerator accelerator, SlotLayout layout, MemorySegment memory, boolean shareable) {
    CudaUploadSlot slot = new CudaUploadSlot(accelerator, layout, memory, shareable);
    try {
      slot.acquire();
      return slot;
    } catch (RuntimeException e) {
      ResourceStack opened = new ResourceStack();
      opened.add(slot);
      throw opened.closeAfter(e);
    }
  }

  private void acquire() {
    try (CudaContext.Binding _ = accelerator.context().bind()) {
      DeviceMemory memory = resources.add(DeviceMemory.allocate(allocatedBytes()));
      CudaStream stream = resources.add(CudaStream.create());
      CudaEvent there = resources.add(CudaEvent.create(shareable));
      CudaEvent done = resources.add(CudaEvent.create(false));
      parts = new Parts(memory, stream, there, done);
    }
  }

  private long allocatedBytes() {
    long bytes = layout.deviceBytes();
    return shareable ? Math.ceilDiv(bytes, SHARED_BLOCK_BYTES) * SHARED_BLOCK_BYTES : bytes;
  }

  private Parts parts() {
    Parts opened = parts;
    if (opened == null) {
      throw new IllegalStateException("the place was not opened");
    }
    return opened;
  }

  @Override
  void awaitReusable() {
    if (uploading) {
      synchronize();
      uploading = false;
    }
  }

  @Override
  void upload(int looked, int count) {
    Parts p = parts();
    long device = p.memory.address();
    uploading = true;
    try (CudaContext.Binding _ = accelerator.context().bind()) {
      p.stream.copyToDevice(
          device + layout.deviceRows(), rows(), (long) looked * layout.rowBytes());
      if (layout.batch().deduplicates()) {
        p.stream.copyToDevice(device, index(), (long) count * Integer.BYTES);
      }
      if (layout.batch() == BatchLayout.EXPANDED) {
        accelerator
            .kernel()
            .launch(
                p.stream,
                device + layout.deviceRows(),
                device,
                device + layout.deviceExpanded(),
                count,
                layout.rowBytes());
      }
      p.there.record(p.stream.handle());
    }
  }

  @Override
  void synchronize() {
    try (CudaContext.Binding _ = accelerator.context().bind()) {
      parts().there.synchronize();
    }
  }

  @Override
  void awaitOn(long stream) {
    try (CudaContext.Binding _ = accelerator.context().bind()) {
      CudaStream.waitFor(MemorySegment.ofAddress(stream), parts().there);
    }
  }

  @Override
  void reuseAfter(long stream) {
    Parts p = parts();
    try (CudaContext.Binding _ = accelerator.context().bind()) {
      p.done.record(MemorySegment.ofAddress(stream));
      p.stream.waitFor(p.done);
    }
  }

  @Override
  void quiesce() {
    try (CudaContext.Binding _ = accelerator.context().bind()) {
      parts().stream.synchronize();
    }
    uploading = false;
  }

  @Override
  long rowsAddress() {
    return parts().memory.address() + sharedOffset();
  }

  @Override
  long indexAddress() {
    return parts().memory.address();
  }

  @Override
  long event() {
    return parts().there.handle().address();
  }

  @Override
  void copyRows(MemorySegment target, long lengthBytes) {
    Parts p = parts();
    try (CudaContext.Binding _ = accelerator.context().bind()) {
      p.stream.copyToHost(target, rowsAddress(), lengthBytes);
      p.stream.synchronize();
    }
  }

  @Override
  byte[][] share() {
    if (!shareable) {
      throw new IllegalStateException("the pipeline was not opened with shareable batches");
    }
    Parts p = parts();
    try (CudaContext.Binding _ = accelerator.context().bind()) {
      return new byte[][] {p.memory.share(), p.there.share()};
    }
  }

  @Override
  long sharedOffset() {
    return layout.batch() == BatchLayout.EXPANDED ? layout.deviceExpanded() : layout.deviceRows();
  }

  /** Waits for what is under way, so that nothing copies from memory that is gone. */
  @Override
  public void close() {
    if (parts != null) {
      resources.add(parts.stream::synchronize);
    }
    accelerator.context().closeBound(resources);
  }
}

package dev.emberkv.cuda;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** A place with a stream of its own on a GPU. */
final class CudaDownloadSlot extends DownloadSlot {
  private final CudaAccelerator accelerator;
  private final ResourceStack resources = new ResourceStack();
  private @Nullable Parts parts;

  private record Parts(CudaStream stream, CudaEvent produced, CudaEvent copied) {}

  private CudaDownloadSlot(CudaAccelerator accelerator, MemorySegment memory) {
    super(memory);
    this.accelerator = accelerator;
  }

  static CudaDownloadSlot open(CudaAccelerator accelerator, MemorySegment memory) {
    CudaDownloadSlot slot = new CudaDownloadSlot(accelerator, memory);
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
      CudaStream stream = resources.add(CudaStream.create());
      CudaEvent produced = resources.add(CudaEvent.create(false));
      CudaEvent copied = resources.add(CudaEvent.create(false));
      parts = new Parts(stream, produced, copied);
    }
  }

  private Parts parts() {
    Parts opened = parts;
    if (opened == null) {
      throw new IllegalStateException("the place was not opened");
    }
    return opened;
  }

  @Override
  void download(long offset, long source, long lengthBytes, long stream) {
    Parts p = parts();
    MemorySegment producer = MemorySegment.ofAddress(stream);
    try (CudaContext.Binding _ = accelerator.context().bind()) {
      p.produced.record(producer);
      p.stream.waitFor(p.produced);
      p.stream.copyToHost(memory.asSlice(offset, lengthBytes), source, lengthBytes);
      p.copied.record(p.stream.handle());
      CudaStream.waitFor(producer, p.copied);
    }
  }

  @Override
  void synchronize() {
    try (CudaContext.Binding _ = accelerator.context().bind()) {
      parts().copied.synchronize();
    }
  }

  @Override
  void quiesce() {
    try (CudaContext.Binding _ = accelerator.context().bind()) {
      parts().stream.synchronize();
    }
  }

  @Override
  public void close() {
    if (parts != null) {
      resources.add(parts.stream::synchronize);
    }
    accelerator.context().closeBound(resources);
  }
}

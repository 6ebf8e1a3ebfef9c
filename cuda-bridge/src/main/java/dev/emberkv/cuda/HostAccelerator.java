package dev.emberkv.cuda;

import java.lang.foreign.MemorySegment;

/** The host in a GPU's place. */
final class HostAccelerator extends Accelerator {
  @Override
  public boolean isGpu() {
    return false;
  }

  @Override
  public String description() {
    return "host memory (no GPU in use)";
  }

  @Override
  int ordinal() {
    return -1;
  }

  @Override
  PinnedMemory allocatePinned(long bytes) {
    return PinnedMemory.onHost(bytes);
  }

  @Override
  void free(PinnedMemory memory) {
    memory.close();
  }

  @Override
  UploadSlot newUploadSlot(SlotLayout layout, MemorySegment memory, boolean shareable) {
    if (shareable) {
      throw new UnsupportedOperationException(
          "only batches in a GPU's memory can be given to other processes");
    }
    return new HostUploadSlot(layout, memory);
  }

  @Override
  DownloadSlot newDownloadSlot(MemorySegment memory) {
    return new HostDownloadSlot(memory);
  }

  @Override
  CopyProbe.Buffers newCopyBuffers(long bytes) {
    return new HostCopyBuffers(bytes);
  }

  /** Nothing is ever under way: all work is done on the caller's thread. */
  @Override
  void synchronize() {}

  @Override
  void dispose() {}

  @Override
  public String toString() {
    return description();
  }
}

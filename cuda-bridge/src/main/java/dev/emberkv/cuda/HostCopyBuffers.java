package dev.emberkv.cuda;

import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;

/** Two pieces of plain memory on huge pages. */
final class HostCopyBuffers implements CopyProbe.Buffers {
  private final long bytes;
  private final NativeMemory source;
  private final NativeMemory target;

  HostCopyBuffers(long bytes) {
    this.bytes = bytes;
    this.source = NativeMemory.reserve(bytes);
    this.target = NativeMemory.reserve(bytes);
    source.segment().fill((byte) 1); // untouched, it would all be one page of zeros
  }

  @Override
  public void copyPinned() {
    RawMemory.copy(source.address(), target.address(), bytes);
  }

  @Override
  public void copyPageable() {
    copyPinned();
  }

  @Override
  public void close() {
    source.close();
    target.close();
  }
}

package dev.emberkv.cuda;

import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;

/** A place whose device is the host: the copy is done when the call returns. */
final class HostDownloadSlot extends DownloadSlot {
  HostDownloadSlot(MemorySegment memory) {
    super(memory);
  }

  @Override
  void download(long offset, long source, long lengthBytes, long stream) {
    RawMemory.copy(source, memory, offset, lengthBytes);
  }

  @Override
  void synchronize() {}

  @Override
  void quiesce() {}

  @Override
  public void close() {}
}

package dev.emberkv.cuda;

import java.lang.foreign.MemorySegment;

/**
 * One place for what comes back from the device.
 *
 * <p>Not thread-safe: it belongs to whoever holds the place.
 */
abstract sealed class DownloadSlot implements AutoCloseable
    permits CudaDownloadSlot, HostDownloadSlot {
  final MemorySegment memory;

  DownloadSlot(MemorySegment memory) {
    this.memory = memory;
  }

  /** Returns the host memory. */
  final MemorySegment memory() {
    return memory;
  }

  /**
   * Begins to copy, when all is done that is in the producer's stream now; what is put there later
   * waits until the copy is done.
   *
   * @param offset where in the host memory
   * @param source address as the device sees it
   * @param stream the producer's {@code CUstream}; 0 is the default stream
   */
  abstract void download(long offset, long source, long lengthBytes, long stream);

  /** Waits until the copy is done. */
  abstract void synchronize();

  /** After a failure: waits until nothing uses the host memory. */
  abstract void quiesce();

  @Override
  public abstract void close();
}

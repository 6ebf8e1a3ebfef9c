package dev.emberkv.engine;

import dev.emberkv.uring.NativeMemory;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory for what a start notes, taken in small blocks and freed all at once.
 *
 * <p>Not thread-safe.
 */
final class RecoveryMemory implements AutoCloseable {
  private static final long CHUNK_BYTES = 16 * NativeMemory.HUGE_PAGE_BYTES;

  private final List<NativeMemory> chunks = new ArrayList<>();
  private long next;
  private long end;

  /** Returns the address of a block of a multiple of 8 bytes, at most a chunk. */
  long take(long bytes) {
    assert bytes > 0 && bytes % Long.BYTES == 0 && bytes <= CHUNK_BYTES : bytes;
    if (end - next < bytes) {
      NativeMemory chunk = NativeMemory.reserve(CHUNK_BYTES);
      chunks.add(chunk);
      next = chunk.address();
      end = next + CHUNK_BYTES;
    }
    long block = next;
    next += bytes;
    return block;
  }

  @Override
  public void close() {
    chunks.forEach(NativeMemory::close);
    chunks.clear();
  }
}

package dev.emberkv.compaction;

import static dev.emberkv.compaction.RecordFormat.PAGE_BYTES;

import dev.emberkv.uring.DirectFile;
import dev.emberkv.uring.IoBackend;
import dev.emberkv.uring.IoFailure;
import dev.emberkv.uring.IoQueue;
import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;
import org.jspecify.annotations.Nullable;

/**
 * Reads a range of a file from front to back in large pieces, several of them ahead of the place
 * that is looked at.
 *
 * <p>Not thread-safe.
 */
final class ChunkReader implements AutoCloseable {
  /** How much one request reads. */
  static final int CHUNK_BYTES = 1 << 20;

  private static final int CHUNKS = 8;

  private final DirectFile file;
  private final NativeMemory memory;
  private final IoQueue queue;
  private final boolean[] ready = new boolean[CHUNKS];

  /** Where a record that lies in several chunks is put together; made when one is met. */
  private @Nullable NativeMemory assembly;

  /** The range of chunks that are in memory or on their way, by number from {@link #origin}. */
  private long firstChunk;

  private long nextChunk;

  private long origin;
  private long limit;
  private @Nullable IoFailure failure;

  ChunkReader(IoBackend backend, DirectFile file) {
    this.file = file;
    this.memory = NativeMemory.reserve((long) CHUNKS * CHUNK_BYTES);
    this.queue = backend.newQueue(CHUNKS, memory);
  }

  /** Starts over with the range from one page to another. */
  void range(long from, long to) {
    assert from % PAGE_BYTES == 0 && to % PAGE_BYTES == 0 && from <= to;
    drain();
    origin = from;
    limit = to;
    firstChunk = 0;
    nextChunk = 0;
    readAhead();
  }

  /**
   * Returns the address of the page that holds a file offset, plus the offset in the page. It is
   * valid until the next call.
   */
  long at(long fileOffset) {
    seek(fileOffset);
    return address(fileOffset);
  }

  /** Returns the address of a run of bytes that may span chunks; valid until the next call. */
  long contiguous(long fileOffset, int lengthBytes) {
    assert fileOffset + lengthBytes <= limit;
    seek(fileOffset);
    if (chunkOf(fileOffset) == chunkOf(fileOffset + lengthBytes - 1)) {
      return address(fileOffset);
    }
    NativeMemory whole = assembly;
    if (whole == null) {
      whole = NativeMemory.reserve(RecordFormat.MAX_RECORD_BYTES);
      assembly = whole;
    }
    for (int done = 0; done < lengthBytes; ) {
      long from = fileOffset + done;
      seek(from);
      long chunkEnd = origin + (chunkOf(from) + 1) * CHUNK_BYTES;
      int piece = (int) Math.min(lengthBytes - done, chunkEnd - from);
      RawMemory.copy(address(from), whole.address() + done, piece);
      done += piece;
    }
    return whole.address();
  }

  private long chunkOf(long fileOffset) {
    return (fileOffset - origin) / CHUNK_BYTES;
  }

  private long address(long fileOffset) {
    long chunk = chunkOf(fileOffset);
    return memory.address()
        + chunk % CHUNKS * CHUNK_BYTES
        + (fileOffset - origin - chunk * CHUNK_BYTES);
  }

  private void seek(long fileOffset) {
    assert fileOffset >= origin && fileOffset < limit : fileOffset;
    if (chunkOf(fileOffset) < firstChunk) {
      // Back behind a long record that turned out to be none.
      range(fileOffset & -PAGE_BYTES, limit);
    }
    long chunk = chunkOf(fileOffset);
    while (firstChunk < chunk) {
      waitFor(firstChunk);
      firstChunk++;
      readAhead();
    }
    waitFor(chunk);
  }

  private void readAhead() {
    while (nextChunk < firstChunk + CHUNKS && origin + nextChunk * CHUNK_BYTES < limit) {
      long from = origin + nextChunk * CHUNK_BYTES;
      int slot = (int) (nextChunk % CHUNKS);
      ready[slot] = false;
      int length = (int) Math.min(CHUNK_BYTES, limit - from);
      queue.read(file, from, memory.address() + (long) slot * CHUNK_BYTES, length, from);
      nextChunk++;
    }
    queue.submit();
  }

  private void waitFor(long chunk) {
    int slot = (int) (chunk % CHUNKS);
    while (!ready[slot]) {
      queue.await(1, this::completed);
      throwFailure();
    }
  }

  private void completed(long from, int result) {
    if (result < 0) {
      failure = new IoFailure("read %s at %d".formatted(file.path(), from), -result);
    }
    ready[(int) (chunkOf(from) % CHUNKS)] = true;
  }

  private void throwFailure() {
    IoFailure met = failure;
    if (met != null) {
      failure = null;
      throw met;
    }
  }

  private void drain() {
    while (queue.inFlight() > 0) {
      queue.await(queue.inFlight(), this::completed);
    }
    failure = null;
  }

  @Override
  public void close() {
    queue.close();
    memory.close();
    NativeMemory whole = assembly;
    if (whole != null) {
      whole.close();
    }
  }
}

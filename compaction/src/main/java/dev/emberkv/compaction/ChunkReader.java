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
  /** What is read ahead when nobody else wants the device. */
  private static final int FAST_CHUNKS = 8;

  private static final int FAST_CHUNK_BYTES = 1 << 20;

  /** The same beside others, whose reads must not have to wait behind it for long. */
  private static final int GENTLE_CHUNKS = 2;

  private static final int GENTLE_CHUNK_BYTES = 64 << 10;

  private final DirectFile file;
  private final NativeMemory memory;
  private final IoQueue queue;
  private final int chunks;

  /** How much one request reads. */
  private final int chunkBytes;

  private final int chunkShift;

  private final boolean[] ready;

  /** Where a record that lies in several chunks is put together; made when one is met. */
  private @Nullable NativeMemory assembly;

  /** The range of chunks that are in memory or on their way, by number from {@link #origin}. */
  private long firstChunk;

  private long nextChunk;

  private long origin;
  private long limit;
  private @Nullable IoFailure failure;

  private ChunkReader(IoBackend backend, DirectFile file, int chunks, int chunkBytes) {
    this.file = file;
    this.chunks = chunks;
    this.chunkBytes = chunkBytes;
    this.chunkShift = Integer.numberOfTrailingZeros(chunkBytes);
    this.ready = new boolean[chunks];
    this.memory = NativeMemory.reserve((long) chunks * chunkBytes);
    this.queue = backend.newQueue(chunks, memory);
  }

  /** Makes a reader that keeps the device busy. */
  static ChunkReader fast(IoBackend backend, DirectFile file) {
    return new ChunkReader(backend, file, FAST_CHUNKS, FAST_CHUNK_BYTES);
  }

  /** Makes a reader that leaves most of the device to others. */
  static ChunkReader gentle(IoBackend backend, DirectFile file) {
    return new ChunkReader(backend, file, GENTLE_CHUNKS, GENTLE_CHUNK_BYTES);
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
      long chunkEnd = origin + (chunkOf(from) + 1) * chunkBytes;
      int piece = (int) Math.min(lengthBytes - done, chunkEnd - from);
      RawMemory.copy(address(from), whole.address() + done, piece);
      done += piece;
    }
    return whole.address();
  }

  private long chunkOf(long fileOffset) {
    return (fileOffset - origin) >> chunkShift;
  }

  private int slotOf(long chunk) {
    return (int) chunk & (chunks - 1);
  }

  private long address(long fileOffset) {
    long chunk = chunkOf(fileOffset);
    return memory.address()
        + (long) slotOf(chunk) * chunkBytes
        + (fileOffset - origin - chunk * chunkBytes);
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
    while (nextChunk < firstChunk + chunks && origin + nextChunk * chunkBytes < limit) {
      long from = origin + nextChunk * chunkBytes;
      int slot = slotOf(nextChunk);
      ready[slot] = false;
      int length = (int) Math.min(chunkBytes, limit - from);
      queue.read(file, from, memory.address() + (long) slot * chunkBytes, length, from);
      nextChunk++;
    }
    queue.submit();
  }

  private void waitFor(long chunk) {
    int slot = slotOf(chunk);
    while (!ready[slot]) {
      queue.await(1, this::completed);
      throwFailure();
    }
  }

  private void completed(long from, int result) {
    if (result < 0) {
      failure = new IoFailure("read %s at %d".formatted(file.path(), from), -result);
    }
    ready[slotOf(chunkOf(from))] = true;
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

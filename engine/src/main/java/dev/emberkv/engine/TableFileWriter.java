package dev.emberkv.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Arrays;

/**
 * Gathers rows and deletions into chunks and appends these to a file; see {@link TableFile}.
 *
 * <p>Not thread-safe.
 */
final class TableFileWriter implements ChangeVisitor {
  /** A chunk is written when it has about so many bytes. */
  private static final int CHUNK_BYTES = 4 << 20;

  private final FileChannel file;
  private final int rowBytes;
  private ByteBuffer chunk;
  private int chunkRows;
  private long[] deleted = new long[64];
  private int deletedCount;
  private long rows;
  private long deletions;

  /** Goes on behind what the file has, which is so many rows. */
  TableFileWriter(FileChannel file, int rowBytes, long rows) {
    this.file = file;
    this.rowBytes = rowBytes;
    this.rows = rows;
    this.chunk = TableFile.buffer(CHUNK_BYTES / 4).position(TableFile.CHUNK_HEAD_BYTES);
  }

  long rows() {
    return rows;
  }

  long deletions() {
    return deletions;
  }

  /** Returns whether it is time to write the chunk. */
  boolean isFull() {
    return chunk.position() >= CHUNK_BYTES
        || deletedCount >= CHUNK_BYTES / Long.BYTES
        || chunkRows >= TableFile.MAX_COUNT / 2;
  }

  @Override
  public void row(long id, int timeSeconds, MemorySegment stored) {
    reserve(TableFile.ROW_HEAD_BYTES + rowBytes);
    chunk.putLong(id).putInt(timeSeconds);
    chunk.put(stored.asSlice(0, rowBytes).asByteBuffer());
    chunkRows++;
  }

  private void reserve(int bytes) {
    if (chunk.remaining() < bytes) {
      int wanted = Math.max(2 * chunk.capacity(), chunk.position() + bytes);
      chunk = TableFile.buffer(wanted).put(chunk.flip());
    }
  }

  @Override
  public void deleted(long id) {
    if (deletedCount == deleted.length) {
      deleted = Arrays.copyOf(deleted, 2 * deletedCount);
    }
    deleted[deletedCount++] = id;
  }

  /**
   * Writes the chunk, unless it is empty.
   *
   * @param next where the walk over the rows goes on
   */
  void writeChunk(long next) throws IOException {
    if (chunkRows == 0 && deletedCount == 0) {
      return;
    }
    reserve(deletedCount * Long.BYTES + Integer.BYTES);
    for (int i = 0; i < deletedCount; i++) {
      chunk.putLong(deleted[i]);
    }
    chunk.putInt(0, chunkRows).putInt(4, deletedCount).putLong(8, next);
    write(TableFile.seal(chunk));
    rows += chunkRows;
    deletions += deletedCount;
    chunkRows = 0;
    deletedCount = 0;
    chunk.clear().position(TableFile.CHUNK_HEAD_BYTES);
  }

  /** Writes the chunk as {@link #writeChunk} does, for callbacks. */
  void writeChunkUnchecked(long next) {
    try {
      writeChunk(next);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Ends the file; it is on stable storage then.
   *
   * @param position from where on the next changes are to be told
   */
  void end(long position) throws IOException {
    write(
        TableFile.seal(
            TableFile.buffer(TableFile.END_BYTES)
                .putLong(0)
                .putLong(position)
                .putLong(rows)
                .putLong(deletions)));
    file.force(true);
  }

  void write(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      file.write(bytes);
    }
  }
}

package dev.emberkv.engine;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Reads a file of rows chunk by chunk; see {@link TableFile}.
 *
 * <p>Not thread-safe.
 */
final class TableFileReader implements AutoCloseable {
  private final FileChannel file;
  private final TableFile.Header header;

  /** Where the next chunk starts. */
  private long offset;

  private long rows;
  private long deletions;

  /** How the file ends: null before, or when it breaks off. */
  private @Nullable Long position;

  /**
   * A chunk.
   *
   * @param next where the walk over the rows went on behind it
   * @param data its bytes
   */
  record Chunk(int rows, int deletions, long next, ByteBuffer data) {
    long id(int row, int rowBytes) {
      return data.getLong(TableFile.CHUNK_HEAD_BYTES + row * (TableFile.ROW_HEAD_BYTES + rowBytes));
    }

    int time(int row, int rowBytes) {
      return data.getInt(
          TableFile.CHUNK_HEAD_BYTES + row * (TableFile.ROW_HEAD_BYTES + rowBytes) + Long.BYTES);
    }

    int rowOffset(int row, int rowBytes) {
      return TableFile.CHUNK_HEAD_BYTES
          + row * (TableFile.ROW_HEAD_BYTES + rowBytes)
          + TableFile.ROW_HEAD_BYTES;
    }

    long deleted(int n, int rowBytes) {
      return data.getLong(
          TableFile.CHUNK_HEAD_BYTES
              + rows * (TableFile.ROW_HEAD_BYTES + rowBytes)
              + n * Long.BYTES);
    }
  }

  /** Opens a file for reading. */
  TableFileReader(FileChannel file) throws IOException {
    this.file = file;
    file.position(0);
    this.header = TableFile.Header.read(file);
    this.offset = file.position();
  }

  static TableFileReader open(Path path) throws IOException {
    FileChannel file = FileChannel.open(path);
    try {
      return new TableFileReader(file);
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  TableFile.Header header() {
    return header;
  }

  /** Returns where the last whole chunk ends. */
  long offset() {
    return offset;
  }

  /** Returns how many rows were read. */
  long rows() {
    return rows;
  }

  long deletions() {
    return deletions;
  }

  /** Returns the position that the file's end names; null when the file has no end. */
  @Nullable Long position() {
    return position;
  }

  /** Reads the next chunk; null at the end, or where the file breaks off or is damaged. */
  @Nullable Chunk next() throws IOException {
    file.position(offset);
    ByteBuffer head = TableFile.buffer(TableFile.CHUNK_HEAD_BYTES);
    if (position != null || !TableFile.fill(file, head)) {
      return null;
    }
    int chunkRows = head.getInt(0);
    int chunkDeletions = head.getInt(4);
    if (chunkRows == 0 && chunkDeletions == 0) {
      readEnd(head);
      return null;
    }
    if (chunkRows < 0
        || chunkRows > TableFile.MAX_COUNT
        || chunkDeletions < 0
        || chunkDeletions > TableFile.MAX_COUNT) {
      return null;
    }
    long bytes =
        TableFile.CHUNK_HEAD_BYTES
            + (long) chunkRows * (TableFile.ROW_HEAD_BYTES + header.rowBytes())
            + (long) chunkDeletions * Long.BYTES
            + Integer.BYTES;
    if (bytes > file.size() - offset) {
      return null;
    }
    ByteBuffer data = TableFile.buffer(Math.toIntExact(bytes)).put(head.flip());
    if (!TableFile.fill(file, data) || !TableFile.isSealed(data)) {
      return null;
    }
    offset += bytes;
    rows += chunkRows;
    deletions += chunkDeletions;
    return new Chunk(chunkRows, chunkDeletions, data.getLong(8), data);
  }

  private void readEnd(ByteBuffer head) throws IOException {
    ByteBuffer end = TableFile.buffer(TableFile.END_BYTES).put(head.flip());
    if (TableFile.fill(file, end)
        && TableFile.isSealed(end)
        && end.getLong(TableFile.CHUNK_HEAD_BYTES) == rows
        && end.getLong(TableFile.CHUNK_HEAD_BYTES + Long.BYTES) == deletions) {
      position = end.getLong(8);
      offset += TableFile.END_BYTES;
    }
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}

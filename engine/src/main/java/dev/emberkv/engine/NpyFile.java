package dev.emberkv.engine;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file with one array, as NumPy reads it (numpy.lib.format, version 1.0). The number of rows is
 * written in the end, over the place that was kept for it.
 *
 * <p>Not thread-safe.
 */
final class NpyFile implements AutoCloseable {
  private static final int HEADER_BYTES = 128;
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};

  private final FileChannel file;
  private final String format;
  private final String columns;
  private final ByteBuffer buffer = TableFile.buffer(1 << 20);

  /**
   * Begins a file that must not be there yet.
   *
   * @param format of the elements, in NumPy's words
   * @param columns how many elements a row has; 0 for an array of one dimension
   */
  NpyFile(Path path, String format, int columns) throws IOException {
    this.file = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    this.format = format;
    this.columns = columns == 0 ? "" : " " + columns;
    file.position(HEADER_BYTES);
  }

  void putLong(long value) throws IOException {
    reserve(Long.BYTES);
    buffer.putLong(value);
  }

  /** Appends bytes, fewer than a megabyte. */
  void put(ByteBuffer bytes) throws IOException {
    reserve(bytes.remaining());
    buffer.put(bytes);
  }

  private void reserve(int bytes) throws IOException {
    if (buffer.remaining() < bytes) {
      drain();
    }
  }

  private void drain() throws IOException {
    buffer.flip();
    while (buffer.hasRemaining()) {
      file.write(buffer);
    }
    buffer.clear();
  }

  /** Ends the file; it is on stable storage then. */
  void end(long rows) throws IOException {
    drain();
    String shape =
        "{'descr': '%s', 'fortran_order': False, 'shape': (%d,%s), }"
            .formatted(format, rows, columns);
    byte[] text = shape.getBytes(StandardCharsets.US_ASCII);
    ByteBuffer header =
        TableFile.buffer(HEADER_BYTES)
            .put(MAGIC)
            .putShort((short) (HEADER_BYTES - MAGIC.length - Short.BYTES))
            .put(text);
    while (header.position() < HEADER_BYTES - 1) {
      header.put((byte) ' ');
    }
    header.put((byte) '\n').flip();
    file.write(header, 0);
    file.force(true);
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}

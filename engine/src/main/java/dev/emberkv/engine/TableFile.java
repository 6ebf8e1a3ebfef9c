package dev.emberkv.engine;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.zip.CRC32C;

/**
 * The layout of a file with the rows of a table, or with what changed in one; described in
 * docs/DATA_FILE.md. All numbers are little-endian, and each part ends with a CRC32C of it.
 *
 * <pre>
 *   header    magic | version | definition bytes | origin | since | position | row bytes | kind
 *             | definition | crc
 *   chunk     rows | deletions | next | (id, time, row)... | id... | crc
 *   end       0 | 0 | position | all rows | all deletions | crc
 * </pre>
 */
final class TableFile {
  /** The bytes "EMBTABLE". */
  static final long MAGIC = 0x454c424154424d45L;

  static final int VERSION = 1;
  static final int HEADER_BYTES = 48;
  static final int CHUNK_HEAD_BYTES = 16;
  static final int END_BYTES = CHUNK_HEAD_BYTES + 2 * Long.BYTES + Integer.BYTES;

  /** Id and time in front of a row. */
  static final int ROW_HEAD_BYTES = 12;

  /** A chunk has no more rows and deletions than this, and a definition no more bytes. */
  static final int MAX_COUNT = 1 << 20;

  private TableFile() {}

  /**
   * What a file says of itself.
   *
   * @param origin tells the table's rows from those of other stores and of earlier tables
   * @param since the position behind which changes are told; 0 with all rows
   * @param position of the store when the file was begun
   * @param changes whether only what changed is in the file
   * @param spec the table's properties
   */
  record Header(long origin, long since, long position, boolean changes, TableSpec spec) {
    int rowBytes() {
      return spec.storedRowBytes();
    }

    ByteBuffer encode() {
      byte[] definition = TableCodec.encode(spec);
      ByteBuffer out =
          buffer(HEADER_BYTES + definition.length + Integer.BYTES)
              .putLong(MAGIC)
              .putInt(VERSION)
              .putInt(definition.length)
              .putLong(origin)
              .putLong(since)
              .putLong(position)
              .putInt(rowBytes())
              .putInt(changes ? 1 : 0)
              .put(definition);
      return seal(out);
    }

    /**
     * Reads the header at the start of a file, and leaves the channel behind it.
     *
     * @throws IOException when the file is none of these, or damaged
     */
    static Header read(FileChannel file) throws IOException {
      ByteBuffer fixed = buffer(HEADER_BYTES);
      if (!fill(file, fixed) || fixed.getLong(0) != MAGIC) {
        throw new IOException("it is no export of a table");
      }
      if (fixed.getInt(8) != VERSION) {
        throw new IOException(
            "it has version %d, this release reads %d".formatted(fixed.getInt(8), VERSION));
      }
      int definitionBytes = fixed.getInt(12);
      if (definitionBytes < 1 || definitionBytes > MAX_COUNT) {
        throw new IOException("its header is damaged");
      }
      ByteBuffer all = buffer(HEADER_BYTES + definitionBytes + Integer.BYTES).put(fixed.flip());
      if (!fill(file, all) || !isSealed(all)) {
        throw new IOException("its header is damaged");
      }
      byte[] definition = new byte[definitionBytes];
      all.get(HEADER_BYTES, definition);
      Header header =
          new Header(
              all.getLong(16),
              all.getLong(24),
              all.getLong(32),
              all.getInt(44) == 1,
              TableCodec.decode(definition));
      if (header.rowBytes() != all.getInt(40)) {
        throw new IOException("its header is damaged");
      }
      return header;
    }
  }

  static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Puts the checksum of what is in the buffer behind it, and makes it ready to be written. */
  static ByteBuffer seal(ByteBuffer part) {
    return part.putInt(crc(part, part.position())).flip();
  }

  /** Returns whether a buffer ends with the checksum of what is before. */
  static boolean isSealed(ByteBuffer part) {
    int end = part.limit() - Integer.BYTES;
    return part.getInt(end) == crc(part, end);
  }

  private static int crc(ByteBuffer part, int bytes) {
    CRC32C crc = new CRC32C();
    crc.update(part.duplicate().position(0).limit(bytes));
    return (int) crc.getValue();
  }

  /** Fills a buffer up to its limit; false at the end of the file. */
  static boolean fill(FileChannel file, ByteBuffer target) throws IOException {
    while (target.hasRemaining()) {
      if (file.read(target) < 0) {
        return false;
      }
    }
    return true;
  }
}

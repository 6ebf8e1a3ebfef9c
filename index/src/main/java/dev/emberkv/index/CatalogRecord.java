package dev.emberkv.index;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Layout of a value in the catalog: the payload, then the CRC32C of key and payload, little-endian.
 * LMDB itself has no checksums.
 */
final class CatalogRecord {
  private static final int CRC_BYTES = 4;

  private CatalogRecord() {}

  static byte[] encode(byte[] key, byte[] payload) {
    return ByteBuffer.allocate(payload.length + CRC_BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(payload)
        .putInt(crc(key, payload, payload.length))
        .array();
  }

  /** Returns the payload, or null when the checksum says that this is not what was written. */
  static byte @Nullable [] decode(byte[] key, byte[] value) {
    int length = value.length - CRC_BYTES;
    if (length < 0) {
      return null;
    }
    int stored = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).getInt(length);
    return stored == crc(key, value, length) ? Arrays.copyOf(value, length) : null;
  }

  private static int crc(byte[] key, byte[] payload, int length) {
    CRC32C crc = new CRC32C();
    crc.update(key);
    crc.update(payload, 0, length);
    return (int) crc.getValue();
  }
}

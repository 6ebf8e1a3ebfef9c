package dev.emberkv.engine;

import dev.emberkv.uring.RawMemory;

/**
 * The layout of a string key's payload, in a slot and in a log record alike.
 *
 * <pre>
 *    0  u32 head: | expires : 1 | zero : 3 | type : 4 | key length : 24 |
 *    4  key
 *       u64 milliseconds since 1970 at which the key is gone; only if it expires
 *       value
 * </pre>
 *
 * <p>A tombstone's payload is head and key. What stands in a slot may be read in a race with a
 * writer; the methods that take lengths from it never lead a caller out of the payload.
 */
final class StringRow {
  static final int HEAD_BYTES = Integer.BYTES;

  private static final int KEY_LENGTH_MASK = (1 << 24) - 1;
  private static final int TYPE_SHIFT = 24;
  private static final int TYPE_MASK = 0xf;
  private static final int EXPIRES = 1 << 31;

  private StringRow() {}

  /** Returns the head of a row without a time to live, or of a tombstone. */
  static int head(int keyBytes, ValueType type) {
    return keyBytes | type.code << TYPE_SHIFT;
  }

  /** Returns how many bytes stand before the value. */
  static int prefixBytes(int keyBytes, long expiresAtMillis) {
    return HEAD_BYTES + keyBytes + (expiresAtMillis == StringEntry.NEVER ? 0 : Long.BYTES);
  }

  /** Writes what stands behind the key's last byte: the head is rewritten, the deadline follows. */
  static void writeHead(long payload, int keyBytes, ValueType type, long expiresAtMillis) {
    boolean expires = expiresAtMillis != StringEntry.NEVER;
    RawMemory.putInt(payload, head(keyBytes, type) | (expires ? EXPIRES : 0));
    if (expires) {
      long at = payload + HEAD_BYTES + keyBytes;
      RawMemory.putInt(at, (int) expiresAtMillis);
      RawMemory.putInt(at + Integer.BYTES, (int) (expiresAtMillis >>> Integer.SIZE));
    }
  }

  static int keyBytes(long payload) {
    return RawMemory.getInt(payload) & KEY_LENGTH_MASK;
  }

  static ValueType type(long payload) {
    return ValueType.ofCode(RawMemory.getInt(payload) >>> TYPE_SHIFT & TYPE_MASK);
  }

  /**
   * Returns when the row's key is gone, or {@link StringEntry#NEVER}.
   *
   * @param keyBytes the key's length, which the caller knows or has checked: what stands in the row
   *     may be anything while it is being written
   */
  static long expiresAtMillis(long payload, int keyBytes) {
    if ((RawMemory.getInt(payload) & EXPIRES) == 0) {
      return StringEntry.NEVER;
    }
    long at = payload + HEAD_BYTES + keyBytes;
    return Integer.toUnsignedLong(RawMemory.getInt(at))
        | (long) RawMemory.getInt(at + Integer.BYTES) << Integer.SIZE;
  }
}

package dev.emberkv.engine;

import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The full key of a row, which tells whether a slot or a log record is the row's own.
 *
 * <p>Not thread-safe: a key object is reused for one key after the other.
 */
sealed interface RowKey {
  /** Returns the 64 bits that stand in the header: the id, or the hash of a string key. */
  long header();

  /**
   * Returns whether a slot or a record is of this key; the caller has compared the table.
   *
   * @param payloadBytes as read, possibly in a race, but within mapped memory
   */
  boolean matches(long address, int payloadBytes);

  /** Returns what a tombstone must carry beside the header to name this key, in bytes. */
  int tombstoneBytes();

  /** Writes the tombstone's payload. */
  void writeTombstone(long address);

  /** The id of a table's row. */
  final class Id implements RowKey {
    private long id;

    /** Makes this the key of another row. */
    Id of(long newId) {
      id = newId;
      return this;
    }

    @Override
    public long header() {
      return id;
    }

    @Override
    public boolean matches(long address, int payloadBytes) {
      return Slot.key(address) == id;
    }

    @Override
    public int tombstoneBytes() {
      return 0;
    }

    @Override
    public void writeTombstone(long address) {
      // the header says it all
    }
  }

  /** A string key, a range of an array; see {@link StringRow} for how it stands in a row. */
  final class Text implements RowKey {
    private static final VarHandle WORDS =
        MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private long hash;
    private byte[] data = {};
    private int offset;
    private int length;

    /** Makes this the key of another row. */
    Text of(long newHash, byte[] newData, int newOffset, int newLength) {
      hash = newHash;
      data = newData;
      offset = newOffset;
      length = newLength;
      return this;
    }

    /** Returns whether a payload that may be damaged is large enough for its key. */
    static boolean isWithin(long payload, int payloadBytes) {
      return payloadBytes >= StringRow.HEAD_BYTES
          && StringRow.keyBytes(payload) <= payloadBytes - StringRow.HEAD_BYTES;
    }

    int length() {
      return length;
    }

    @Override
    public long header() {
      return hash;
    }

    @Override
    public boolean matches(long address, int payloadBytes) {
      long payload = Slot.payload(address);
      return Slot.key(address) == hash
          && payloadBytes >= tombstoneBytes()
          && StringRow.keyBytes(payload) == length
          && hasBytes(payload + StringRow.HEAD_BYTES);
    }

    private boolean hasBytes(long address) {
      int at = 0;
      for (; at <= length - Integer.BYTES; at += Integer.BYTES) {
        if ((int) WORDS.get(data, offset + at) != RawMemory.getInt(address + at)) {
          return false;
        }
      }
      for (; at < length; at++) {
        if (data[offset + at] != RawMemory.getByte(address + at)) {
          return false;
        }
      }
      return true;
    }

    @Override
    public int tombstoneBytes() {
      return StringRow.HEAD_BYTES + length;
    }

    @Override
    public void writeTombstone(long address) {
      RawMemory.putInt(address, StringRow.head(length, ValueType.STRING));
      writeBytes(address);
    }

    /** Writes the key to its place in a payload. */
    void writeBytes(long payload) {
      RawMemory.copy(MemorySegment.ofArray(data), offset, payload + StringRow.HEAD_BYTES, length);
    }
  }
}

package dev.emberkv.engine;

import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;

/**
 * The full key of a row, which tells whether a slot or a log record is the row's own.
 *
 * <p>Not thread-safe: {@link Id} is reused for one key after the other.
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

  /** A string key; the payload of its row is {@code u32 key length, key, value}. */
  final class Text implements RowKey {
    static final int LENGTH_BYTES = Integer.BYTES;

    private final long hash;
    private final byte[] bytes;

    Text(long hash, byte[] bytes) {
      this.hash = hash;
      this.bytes = bytes;
    }

    /** Returns whether a payload that may be damaged is large enough for its key. */
    static boolean isWithin(long payload, int payloadBytes) {
      int length = payloadBytes < LENGTH_BYTES ? -1 : RawMemory.getInt(payload);
      return length >= 0 && length <= payloadBytes - LENGTH_BYTES;
    }

    /** Returns how many bytes of the payload stand before the value. */
    int prefixBytes() {
      return LENGTH_BYTES + bytes.length;
    }

    @Override
    public long header() {
      return hash;
    }

    @Override
    public boolean matches(long address, int payloadBytes) {
      long payload = Slot.payload(address);
      return Slot.key(address) == hash
          && payloadBytes >= prefixBytes()
          && RawMemory.getInt(payload) == bytes.length
          && RawMemory.equal(payload + LENGTH_BYTES, MemorySegment.ofArray(bytes), 0, bytes.length);
    }

    @Override
    public int tombstoneBytes() {
      return prefixBytes();
    }

    @Override
    public void writeTombstone(long address) {
      RawMemory.putInt(address, bytes.length);
      RawMemory.copy(MemorySegment.ofArray(bytes), 0, address + LENGTH_BYTES, bytes.length);
    }
  }
}

package dev.emberkv.engine;

import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;

/** The payload of a row that is to be written. */
sealed interface RowSource {
  int payloadBytes();

  void writeTo(long address);

  /** One row of a packed batch. Not thread-safe: it moves from row to row. */
  final class Packed implements RowSource {
    private final MemorySegment rows;
    private final int rowBytes;
    private long offset;

    Packed(MemorySegment rows, int rowBytes) {
      this.rows = rows;
      this.rowBytes = rowBytes;
    }

    /** Moves to the n-th row. */
    Packed at(long row) {
      offset = row * rowBytes;
      return this;
    }

    @Override
    public int payloadBytes() {
      return rowBytes;
    }

    @Override
    public void writeTo(long address) {
      RawMemory.copy(rows, offset, address, rowBytes);
    }
  }

  /** A string key with its value. */
  final class Text implements RowSource {
    private final RowKey.Text key;
    private final byte[] value;

    Text(RowKey.Text key, byte[] value) {
      this.key = key;
      this.value = value;
    }

    @Override
    public int payloadBytes() {
      return key.prefixBytes() + value.length;
    }

    @Override
    public void writeTo(long address) {
      key.writeTombstone(address);
      RawMemory.copy(MemorySegment.ofArray(value), 0, address + key.prefixBytes(), value.length);
    }
  }
}

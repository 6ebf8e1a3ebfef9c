package dev.emberkv.engine;

import dev.emberkv.compaction.SegmentedLog;
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

    /** Appends the row to a log and returns where it is. */
    long append(SegmentedLog log, int loggedKind, int table, RowKey key, long sequence, int time) {
      return log.append(loggedKind, table, key.header(), sequence, time, rows, offset, rowBytes);
    }
  }

  /** A string key with its value, a range of an array. Reused for one after the other. */
  final class Text implements RowSource {
    private final RowKey.Text key;
    private byte[] data = {};
    private int offset;
    private int length;
    private ValueType type = ValueType.STRING;
    private long expiresAtMillis = StringEntry.NEVER;

    Text(RowKey.Text key) {
      this.key = key;
    }

    /** Moves to the value of the key that {@code key} is now, a string that stays. */
    Text of(byte[] newData, int newOffset, int newLength) {
      return of(newData, newOffset, newLength, ValueType.STRING, StringEntry.NEVER);
    }

    /** Moves to the value of the key that {@code key} is now. */
    Text of(
        byte[] newData, int newOffset, int newLength, ValueType newType, long newExpiresAtMillis) {
      data = newData;
      offset = newOffset;
      length = newLength;
      type = newType;
      expiresAtMillis = newExpiresAtMillis;
      return this;
    }

    @Override
    public int payloadBytes() {
      return StringRow.prefixBytes(key.length(), expiresAtMillis) + length;
    }

    @Override
    public void writeTo(long address) {
      StringRow.writeHead(address, key.length(), type, expiresAtMillis);
      key.writeBytes(address);
      int prefix = StringRow.prefixBytes(key.length(), expiresAtMillis);
      RawMemory.copy(MemorySegment.ofArray(data), offset, address + prefix, length);
    }
  }
}

package dev.emberkv.engine;

import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** The payload of a row that is to be written. */
sealed interface RowSource {
  int payloadBytes();

  void writeTo(long address);

  /**
   * One embedding of a packed batch, with the state that an optimizer starts with behind it. Not
   * thread-safe: it moves from row to row.
   */
  final class Packed implements RowSource {
    private final MemorySegment rows;
    private final RowLayout layout;
    private final float initialState;
    private long offset;

    Packed(MemorySegment rows, RowLayout layout, float initialState) {
      this.rows = rows;
      this.layout = layout;
      this.initialState = initialState;
    }

    /** Moves to the n-th row. */
    Packed at(long row) {
      offset = row * layout.embeddingBytes();
      return this;
    }

    @Override
    public int payloadBytes() {
      return layout.payloadBytes();
    }

    @Override
    public void writeTo(long address) {
      RawMemory.copy(rows, offset, address, layout.embeddingBytes());
      layout.writeInitialState(address, initialState);
    }

    /** Returns what holds the rows. */
    MemorySegment rows() {
      return rows;
    }

    /** Returns where the row is in there. */
    long offset() {
      return offset;
    }
  }

  /** What a change makes of a version of a row. */
  final class Changed implements RowSource {
    private final RowChange change;
    private final byte @Nullable [] base;

    /** Takes the version's payload, or null for a row that is not there yet. */
    Changed(RowChange change, byte @Nullable [] base) {
      this.change = change;
      this.base = base;
    }

    @Override
    public int payloadBytes() {
      return change.payloadBytes();
    }

    @Override
    public void writeTo(long address) {
      if (base == null) {
        change.create(address);
      } else {
        RawMemory.copy(MemorySegment.ofArray(base), 0, address, base.length);
      }
      change.applyTo(address);
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

package dev.emberkv.engine;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A hash whose fields all stand in one value: {@code u32 count}, then per field {@code u32 length
 * of the field, u32 length of its value, field, value}, little-endian, in the order in which the
 * fields were made.
 *
 * <p>Not thread-safe. It shares the array that it was read from until the first change.
 */
final class HashValue {
  /** What a field takes beside its name and value. */
  static final int ENTRY_BYTES = 8;

  private static final int COUNT_BYTES = 4;

  private byte[] data;
  private int end;
  private int count;
  private boolean shared;

  /** Receives fields. */
  @FunctionalInterface
  interface Visitor {
    /** Takes a field and its value, as ranges of an array. */
    void field(byte[] data, int fieldAt, int fieldBytes, int valueAt, int valueBytes);
  }

  /** Reads what {@link #encode} made, or makes an empty hash. */
  HashValue(byte @Nullable [] encoded) {
    if (encoded == null) {
      data = new byte[256];
      end = COUNT_BYTES;
    } else {
      data = encoded;
      end = encoded.length;
      count = int32(0);
      shared = true;
    }
  }

  private int int32(int at) {
    return (data[at] & 0xff)
        | ((data[at + 1] & 0xff) << 8)
        | ((data[at + 2] & 0xff) << 16)
        | (data[at + 3] << 24);
  }

  private void putInt32(int at, int value) {
    for (int i = 0; i < 4; i++) {
      data[at + i] = (byte) (value >>> (8 * i));
    }
  }

  /** Returns the number of fields. */
  int count() {
    return count;
  }

  /** Returns the length of what {@link #encode} returns. */
  int bytes() {
    return end;
  }

  /** Returns where the entry of a field starts, or -1. */
  private int find(byte[] field) {
    return find(field, 0, field.length);
  }

  private int find(byte[] source, int offset, int length) {
    for (int at = COUNT_BYTES; at < end; at = next(at)) {
      int from = at + ENTRY_BYTES;
      if (int32(at) == length
          && Arrays.equals(data, from, from + length, source, offset, offset + length)) {
        return at;
      }
    }
    return -1;
  }

  private int next(int at) {
    return at + ENTRY_BYTES + int32(at) + int32(at + 4);
  }

  /** Returns the value of a field, or null. */
  byte @Nullable [] get(byte[] field) {
    int at = find(field);
    if (at < 0) {
      return null;
    }
    int valueAt = at + ENTRY_BYTES + field.length;
    return Arrays.copyOfRange(data, valueAt, valueAt + int32(at + 4));
  }

  /** Sets a field and returns whether it is new. */
  boolean put(byte[] field, byte[] value) {
    int at = find(field);
    boolean isNew = at < 0;
    if (!isNew && int32(at + 4) == value.length) {
      own(0);
      System.arraycopy(value, 0, data, at + ENTRY_BYTES + field.length, value.length);
      return false;
    }
    int added = isNew ? ENTRY_BYTES + field.length + value.length : value.length - int32(at + 4);
    own(Math.max(0, added));
    if (isNew) {
      at = end;
      putInt32(at, field.length);
      System.arraycopy(field, 0, data, at + ENTRY_BYTES, field.length);
      count++;
    } else {
      int behind = next(at);
      System.arraycopy(data, behind, data, behind + added, end - behind);
    }
    end += added;
    putInt32(at + 4, value.length);
    System.arraycopy(value, 0, data, at + ENTRY_BYTES + field.length, value.length);
    return isNew;
  }

  /** Removes a field and returns whether it was there. */
  boolean remove(byte[] field) {
    int at = find(field);
    if (at < 0) {
      return false;
    }
    own(0);
    int behind = next(at);
    System.arraycopy(data, behind, data, at, end - behind);
    end -= behind - at;
    count--;
    return true;
  }

  private void own(int added) {
    int needed = Math.addExact(end, added);
    if (shared || needed > data.length) {
      data = Arrays.copyOf(data, Math.max(needed, shared ? end : 2 * end));
      shared = false;
    }
  }

  /** Returns all fields, as ranges of the array that holds the hash. */
  StringBatch fields() {
    StringBatch batch = new StringBatch();
    batch.clear(data);
    forEach((bytes, fieldAt, fieldBytes, valueAt, valueBytes) ->
        batch.add(fieldAt, fieldBytes, valueAt, valueBytes));
    return batch;
  }

  /** Hands the values of fields to a sink. */
  void getAll(StringBatch fields, ValueSink sink) {
    for (int n = 0; n < fields.size(); n++) {
      int at = find(fields.data(), fields.keyOffset(n), fields.keyBytes(n));
      if (at < 0) {
        sink.missing(n);
      } else {
        StringLookup.hand(sink, n, data, at + ENTRY_BYTES + int32(at), int32(at + 4));
      }
    }
  }

  /** Returns what the hash is like. */
  HashShape shape() {
    int[] longest = new int[1];
    forEach((bytes, fieldAt, fieldBytes, valueAt, valueBytes) ->
        longest[0] = Math.max(longest[0], Math.max(fieldBytes, valueBytes)));
    return new HashShape(count, longest[0], end, false);
  }

  /** Visits copies of all fields. */
  void forEachCopy(FieldVisitor visitor) {
    forEach((bytes, fieldAt, fieldBytes, valueAt, valueBytes) ->
        visitor.field(
            Arrays.copyOfRange(bytes, fieldAt, fieldAt + fieldBytes),
            Arrays.copyOfRange(bytes, valueAt, valueAt + valueBytes)));
  }

  /** Visits all fields. */
  void forEach(Visitor visitor) {
    for (int at = COUNT_BYTES; at < end; at = next(at)) {
      int field = at + ENTRY_BYTES;
      visitor.field(data, field, int32(at), field + int32(at), int32(at + 4));
    }
  }

  /** Returns the hash as bytes. */
  byte[] encode() {
    own(0);
    putInt32(0, count);
    return Arrays.copyOf(data, end);
  }
}

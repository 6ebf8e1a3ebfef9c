package dev.emberkv.engine;

import java.util.Arrays;
import java.util.List;

/**
 * Keys, or keys with values, of one call, as ranges of one array: a network server hands them over
 * where they arrived.
 *
 * <p>Not thread-safe. It grows as needed and is used again after {@link #clear}.
 */
public final class StringBatch {
  private byte[] data = {};
  private int[] ranges = new int[64];
  private int size;

  /** Makes an empty batch. */
  public StringBatch() {}

  /** Makes a batch of copies of keys and their values. */
  public static StringBatch copyOf(List<byte[]> keys, List<byte[]> values) {
    int bytes = 0;
    for (int i = 0; i < keys.size(); i++) {
      bytes = Math.addExact(bytes, keys.get(i).length + values.get(i).length);
    }
    byte[] data = new byte[bytes];
    StringBatch batch = new StringBatch();
    batch.clear(data);
    int at = 0;
    for (int i = 0; i < keys.size(); i++) {
      byte[] key = keys.get(i);
      byte[] value = values.get(i);
      System.arraycopy(key, 0, data, at, key.length);
      System.arraycopy(value, 0, data, at + key.length, value.length);
      batch.add(at, key.length, at + key.length, value.length);
      at += key.length + value.length;
    }
    return batch;
  }

  /** Forgets all keys; the next ones are ranges of {@code newData}, which must not change. */
  public void clear(byte[] newData) {
    data = newData;
    size = 0;
  }

  /** Adds a key without a value. */
  public void add(int keyOffset, int keyBytes) {
    add(keyOffset, keyBytes, 0, 0);
  }

  /** Adds a key with a value. */
  public void add(int keyOffset, int keyBytes, int valueOffset, int valueBytes) {
    assert keyOffset >= 0 && keyBytes >= 0 && keyOffset + keyBytes <= data.length;
    assert valueOffset >= 0 && valueBytes >= 0 && valueOffset + valueBytes <= data.length;
    int at = 4 * size++;
    if (at == ranges.length) {
      ranges = Arrays.copyOf(ranges, 2 * at);
    }
    ranges[at] = keyOffset;
    ranges[at + 1] = keyBytes;
    ranges[at + 2] = valueOffset;
    ranges[at + 3] = valueBytes;
  }

  /** Returns the number of keys. */
  public int size() {
    return size;
  }

  /** Returns the array that holds the keys and values. */
  public byte[] data() {
    return data;
  }

  /** Returns where the n-th key starts. */
  public int keyOffset(int n) {
    return ranges[4 * n];
  }

  /** Returns how long the n-th key is. */
  public int keyBytes(int n) {
    return ranges[4 * n + 1];
  }

  /** Returns where the n-th value starts. */
  public int valueOffset(int n) {
    return ranges[4 * n + 2];
  }

  /** Returns how long the n-th value is. */
  public int valueBytes(int n) {
    return ranges[4 * n + 3];
  }

  /** Returns a copy of the n-th key. */
  byte[] key(int n) {
    return Arrays.copyOfRange(data, keyOffset(n), keyOffset(n) + keyBytes(n));
  }

  /** Returns a copy of the n-th value. */
  byte[] value(int n) {
    return Arrays.copyOfRange(data, valueOffset(n), valueOffset(n) + valueBytes(n));
  }
}

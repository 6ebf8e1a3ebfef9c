package dev.emberkv.engine;

import org.jspecify.annotations.Nullable;

/**
 * Binary-safe keys and values of any size up to a cap, for ordinary Redis use.
 *
 * <p>Thread-safe. Arrays are copied on the way in and fresh on the way out.
 */
public interface StringKeyspace {
  /** The longest key in bytes. */
  int MAX_KEY_BYTES = 64 << 10;

  /** The longest value in bytes. */
  int MAX_VALUE_BYTES = 8 << 20;

  /** Returns the value, or null when the key is missing. */
  byte @Nullable [] get(byte[] key);

  /**
   * Returns the values in the order of the keys, null where a key is missing; one batch of reads.
   */
  byte[] @Nullable [] getAll(byte[][] keys);

  /** Returns the length of the value, or -1 when the key is missing. */
  int valueLength(byte[] key);

  /** Returns whether the key is there. */
  default boolean contains(byte[] key) {
    return valueLength(key) >= 0;
  }

  /**
   * Writes a value, new or over an existing one.
   *
   * @throws IllegalArgumentException when the key or the value is over its cap
   */
  void put(byte[] key, byte[] value);

  /** Writes values; of a duplicate key, the last value stays. */
  void putAll(byte[][] keys, byte[][] values);

  /** Deletes a key and returns whether it was there. */
  boolean delete(byte[] key);

  /** Returns the number of keys. */
  long size();

  /** Deletes all keys. */
  void clear();
}

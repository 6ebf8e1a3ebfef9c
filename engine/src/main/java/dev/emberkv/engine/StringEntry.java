package dev.emberkv.engine;

import java.util.Arrays;

/**
 * A string key's value with what belongs to it.
 *
 * @param value the bytes; not copied, so they must not be changed
 * @param type what they are
 * @param expiresAtMillis when the key is gone, in milliseconds since 1970, or {@link #NEVER}
 * @param version differs between any two states of a key; 0 in an entry that was not read
 */
@SuppressWarnings("ArrayRecordComponent") // A value is bytes; equality is by content, see below.
public record StringEntry(byte[] value, ValueType type, long expiresAtMillis, long version) {
  /** The time of expiry of a key that has none. */
  public static final long NEVER = Long.MAX_VALUE;

  /** Returns a string without a time to live. */
  public static StringEntry of(byte[] value) {
    return new StringEntry(value, ValueType.STRING, NEVER, 0);
  }

  /** Returns the entry with another value. */
  public StringEntry withValue(byte[] newValue) {
    return new StringEntry(newValue, type, expiresAtMillis, 0);
  }

  /** Returns the entry with another time of expiry. */
  public StringEntry withExpiry(long newExpiresAtMillis) {
    return new StringEntry(value, type, newExpiresAtMillis, 0);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof StringEntry entry
        && Arrays.equals(value, entry.value)
        && type == entry.type
        && expiresAtMillis == entry.expiresAtMillis
        && version == entry.version;
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(value);
  }

  @Override
  public String toString() {
    return "StringEntry[%d bytes, %s, expires %s]"
        .formatted(
            value.length, type, expiresAtMillis == NEVER ? "never" : "at " + expiresAtMillis);
  }
}

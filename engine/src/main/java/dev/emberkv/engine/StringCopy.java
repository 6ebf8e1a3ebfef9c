package dev.emberkv.engine;

import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Copies what belongs to a string key out of the row that holds it. The value of a hash with rows,
 * which says where these are, is always copied.
 */
final class StringCopy implements RowReader {
  final RowKey.Text key;
  private final boolean wantsValue;

  private byte @Nullable [] value;
  private int valueBytes;
  private ValueType type = ValueType.STRING;
  private long expiresAtMillis = StringEntry.NEVER;
  private long version;

  StringCopy(RowKey.Text key, boolean wantsValue) {
    this.key = key;
    this.wantsValue = wantsValue;
  }

  @Override
  public void accept(long payload, int payloadBytes) {
    expiresAtMillis = StringRow.expiresAtMillis(payload, key.length());
    type = StringRow.type(payload);
    version = Slot.sequence(payload - Slot.HEADER_BYTES);
    int prefix = StringRow.prefixBytes(key.length(), expiresAtMillis);
    // Negative only where the row changes meanwhile; the copy does not count then.
    valueBytes = Math.max(0, payloadBytes - prefix);
    if (wantsValue || type == ValueType.HASH_ROWS) {
      byte[] copy = new byte[valueBytes];
      RawMemory.copy(payload + prefix, MemorySegment.ofArray(copy), 0, valueBytes);
      value = copy;
    }
  }

  /** Returns whether the row that was read is one whose time to live is over. */
  boolean isExpired() {
    return expiresAtMillis != StringEntry.NEVER && expiresAtMillis <= System.currentTimeMillis();
  }

  ValueType type() {
    return type;
  }

  /** Makes the version at least that of the newest change of what the value points to. */
  void raiseVersion(long changed) {
    version = Math.max(version, changed);
  }

  /** Returns the value; it was asked for and found, or is that of a hash with rows. */
  byte[] value() {
    byte[] found = value;
    if (found == null) {
      throw new IllegalStateException("no value was read");
    }
    return found;
  }

  /** Takes the key for missing, whatever was read of it. */
  void forget() {
    value = null;
    expiresAtMillis = StringEntry.NEVER;
  }

  /** Returns whether there is no value to have. */
  boolean isForgotten() {
    return value == null;
  }

  long expiresAtMillis() {
    return expiresAtMillis;
  }

  StringEntry entry() {
    return new StringEntry(value(), type, expiresAtMillis, version);
  }

  KeyInfo info() {
    return new KeyInfo(type, valueBytes, expiresAtMillis, version);
  }
}

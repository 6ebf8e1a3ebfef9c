package dev.emberkv.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Row contents for tests: a pure function of key and version, the same number in every word. */
final class Rows {
  private Rows() {}

  /** Returns a row whose every 4-byte word is a mix of key and version. */
  static byte[] row(long key, int version, int rowBytes) {
    byte[] row = new byte[rowBytes];
    fill(MemorySegment.ofArray(row), 0, key, version, rowBytes);
    return row;
  }

  static void fill(MemorySegment rows, long offset, long key, int version, int rowBytes) {
    int word = word(key, version);
    for (int i = 0; i + 4 <= rowBytes; i += 4) {
      rows.set(ValueLayout.JAVA_INT_UNALIGNED, offset + i, word);
    }
  }

  static int word(long key, int version) {
    return (int) (((key * 0x9e3779b97f4a7c15L + version) * 0xbf58476d1ce4e5b9L) >>> 32);
  }

  /** Returns n packed rows of the keys. */
  static MemorySegment packed(long[] keys, int version, int rowBytes) {
    MemorySegment rows = MemorySegment.ofArray(new byte[keys.length * rowBytes]);
    for (int i = 0; i < keys.length; i++) {
      fill(rows, (long) i * rowBytes, keys[i], version, rowBytes);
    }
    return rows;
  }
}

package dev.emberkv.engine;

import dev.emberkv.uring.RawMemory;

/**
 * The layout of a row's slot in DRAM. Behind the state word it is that of a log record, so that one
 * matcher reads slots and records alike.
 *
 * <pre>
 *    0  u64 state: | payload bytes : 23 | orphan | flushing | dirty | home : 38 |
 *    8  u64 key
 *   16  u64 sequence
 *   24  u16 table, u8 kind, u8 zero
 *   28  u32 time, seconds since 1970
 *   32  payload
 * </pre>
 *
 * <p>{@code home} is the log location of a record of the row, 0 for none; unless the row is dirty
 * it is the newest one. The state word changes only under the lock of the row's home bucket in the
 * index.
 */
final class Slot {
  /** The row is newer than its home record. */
  static final long DIRTY = 1L << 38;

  /** A flush took a copy of the row and will come back to the slot; nobody else may free it. */
  static final long FLUSHING = 1L << 39;

  /** The row has left the slot during a flush, which will free it. */
  static final long ORPHAN = 1L << 40;

  static final int GRANULE_BYTES = 32;
  static final int HEADER_BYTES = 32;
  static final int MIN_BYTES = 64;

  private static final int KEY = 8;
  private static final int SEQUENCE = 16;
  private static final int TABLE = 24;
  private static final int KIND = 26;
  private static final int TIME = 28;

  private static final long HOME_MASK = (1L << 38) - 1;
  private static final int LENGTH_SHIFT = 41;

  private Slot() {}

  /** Returns the size of a slot for a payload: whole granules. */
  static int bytesFor(int payloadBytes) {
    return Math.max(
        MIN_BYTES, Math.ceilDiv(HEADER_BYTES + payloadBytes, GRANULE_BYTES) * GRANULE_BYTES);
  }

  static long state(long slot) {
    return RawMemory.getLong(slot);
  }

  static void setState(long slot, long state) {
    RawMemory.putLong(slot, state);
  }

  static long stateOf(int payloadBytes, long flags, long home) {
    return (long) payloadBytes << LENGTH_SHIFT | flags | home;
  }

  static long home(long state) {
    return state & HOME_MASK;
  }

  static long withHome(long state, long home) {
    return (state & ~HOME_MASK) | home;
  }

  static int payloadBytes(long state) {
    return (int) (state >>> LENGTH_SHIFT);
  }

  static boolean has(long state, long flag) {
    return (state & flag) != 0;
  }

  static long payload(long address) {
    return address + HEADER_BYTES;
  }

  static long key(long address) {
    return RawMemory.getLong(address, KEY);
  }

  static long sequence(long address) {
    return RawMemory.getLong(address, SEQUENCE);
  }

  static int table(long address) {
    return Short.toUnsignedInt(RawMemory.getShort(address, TABLE));
  }

  static int kind(long address) {
    return RawMemory.getByte(address + KIND);
  }

  static int time(long address) {
    return RawMemory.getInt(address, TIME);
  }

  /** Writes the header but for the state. */
  static void setIdentity(long slot, long key, int table, int kind) {
    RawMemory.putLong(slot + KEY, key);
    RawMemory.putLong(slot + TABLE, Integer.toUnsignedLong(table | kind << 16));
  }

  /** Copies the row of a slot or a record, all but the state word, into another slot. */
  static void copyRow(long from, long to, int payloadBytes) {
    RawMemory.copy(from + KEY, to + KEY, HEADER_BYTES - KEY + payloadBytes);
  }

  /** Stamps the row with the batch that wrote it. */
  static void setVersion(long slot, Stamp stamp) {
    RawMemory.putLong(slot + SEQUENCE, stamp.sequence());
    RawMemory.putInt(slot + TIME, stamp.time());
  }
}

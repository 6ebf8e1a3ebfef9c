package dev.emberkv.compaction;

import dev.emberkv.uring.RawMemory;

/**
 * The layout of one record of the log, as accessors over absolute native addresses.
 *
 * <p>All numbers are little-endian. A record starts at a granule, takes whole granules, and its
 * unused last bytes are zero:
 *
 * <pre>
 *    0  u32  CRC32C of bytes 4 to the end of the last granule, masked (see {@link RecordChecksum})
 *    4  u32  payload length in bytes
 *    8  u64  key
 *   16  u64  sequence
 *   24  u16  table
 *   26  u8   kind
 *   27  u8   flags: 1 when the record needs no commit
 *   28  u32  time in seconds
 *   32       payload
 * </pre>
 *
 * <p>Layout only: where a record may lie is decided by {@link SegmentWriter}, and what it means by
 * the store.
 *
 * <p><b>Commits.</b> A record counts from the {@link #COMMIT} on, later in the log, that covers its
 * sequence, or at once when it is flagged {@link #COMMITTED}. At a {@link #START}, and at the end
 * of the log, the records that still wait for a commit are dropped, as if they had not been
 * written: their batches were cut short by a crash. So whoever moves or frees records keeps three
 * rules:
 *
 * <ul>
 *   <li>A record is copied only when it counts, and the copy is flagged: a commit that covered the
 *       original lies before the copy and does nothing for it.
 *   <li>A record that has been superseded or deleted is still needed until what supersedes it
 *       counts. A segment is reused only when every sequence number that was taken before its last
 *       record was found dead is covered by a commit on stable storage.
 *   <li>A commit or start is needed while a record that waits for it, or that it drops, is in the
 *       log.
 * </ul>
 */
public final class RecordFormat {
  /** What a location counts: records start at multiples of it. */
  public static final int GRANULE_BYTES = 32;

  /** What the device is read and written in. */
  public static final int PAGE_BYTES = 4096;

  /** Size of the header before the payload. */
  public static final int HEADER_BYTES = 32;

  /** The largest record, header included. A log of small segments takes less. */
  public static final int MAX_RECORD_BYTES = 16 << 20;

  /** A row of a table. */
  public static final int ROW = 1;

  /** A key and a value of the string keyspace. */
  public static final int STRING = 2;

  /** A key that was deleted. */
  public static final int TOMBSTONE = 3;

  /** The definition of a table. */
  public static final int TABLE = 4;

  /** A table that was dropped or cleared. */
  public static final int DROP = 5;

  /**
   * Says that batches are whole: every record before it in the log whose sequence is at most this
   * record's key, or one of the {@code u64}s of its payload, counts from here on.
   */
  public static final int COMMIT = 6;

  /** Says that the store was opened after a crash: what waits for a commit here never gets one. */
  public static final int START = 7;

  /** The token of a push to a table, a record of its batch. */
  public static final int TOKEN = 8;

  /**
   * Added to the kind of a record to be appended: it counts without a commit, as the only record of
   * its batch or as the copy of one that counts.
   */
  public static final int COMMITTED = 1 << 8;

  /** The largest kind that callers may use; the ones above belong to the log. */
  public static final int MAX_KIND = 126;

  /**
   * Fills the rest of a page. Its key is the offset in the segment up to which everything was on
   * stable storage when the page was closed, which tells damage from a torn tail.
   */
  static final int PAD = 127;

  private static final long CRC_OFFSET = 0;
  private static final long PAYLOAD_LENGTH_OFFSET = 4;
  private static final long KEY_OFFSET = 8;
  private static final long SEQUENCE_OFFSET = 16;
  private static final long TABLE_OFFSET = 24;
  private static final long KIND_OFFSET = 26;
  private static final long FLAGS_OFFSET = 27;
  private static final long TIME_OFFSET = 28;

  /** The first byte that the checksum covers. */
  static final int CHECKED_OFFSET = 4;

  private RecordFormat() {}

  /** Returns the bytes that a record of that payload takes in the log: whole granules. */
  public static int storedBytes(int payloadBytes) {
    return (HEADER_BYTES + payloadBytes + GRANULE_BYTES - 1) & -GRANULE_BYTES;
  }

  /** Writes all of the header but the checksum; the kind may carry {@link #COMMITTED}. */
  static void putHeader(
      long address,
      int kind,
      int table,
      long key,
      long sequence,
      int timeSeconds,
      int payloadBytes) {
    RawMemory.putInt(address + PAYLOAD_LENGTH_OFFSET, payloadBytes);
    RawMemory.putLong(address + KEY_OFFSET, key);
    RawMemory.putLong(address + SEQUENCE_OFFSET, sequence);
    RawMemory.putInt(address + TABLE_OFFSET, table | kind << 16);
    RawMemory.putInt(address + TIME_OFFSET, timeSeconds);
  }

  static void putChecksum(long address, int checksum) {
    RawMemory.putInt(address + CRC_OFFSET, checksum);
  }

  /** Returns the stored checksum. */
  public static int checksum(long address) {
    return RawMemory.getInt(address + CRC_OFFSET);
  }

  /** Returns the payload length in bytes; of an unchecked record it can be any value. */
  public static int payloadBytes(long address) {
    return RawMemory.getInt(address + PAYLOAD_LENGTH_OFFSET);
  }

  /** Returns the key. */
  public static long key(long address) {
    return RawMemory.getLong(address + KEY_OFFSET);
  }

  /** Returns the sequence. */
  public static long sequence(long address) {
    return RawMemory.getLong(address + SEQUENCE_OFFSET);
  }

  /** Returns the table, 0 to 65535. */
  public static int table(long address) {
    return RawMemory.getShort(address + TABLE_OFFSET) & 0xffff;
  }

  /** Returns the kind. */
  public static int kind(long address) {
    return RawMemory.getByte(address + KIND_OFFSET) & 0xff;
  }

  /** Returns whether the record counts without a commit. */
  public static boolean isCommitted(long address) {
    return (RawMemory.getByte(address + FLAGS_OFFSET) & COMMITTED >> 8) != 0;
  }

  /** Returns the time in seconds, an unsigned number. */
  public static int timeSeconds(long address) {
    return RawMemory.getInt(address + TIME_OFFSET);
  }

  /** Returns the address of the payload. */
  public static long payload(long address) {
    return address + HEADER_BYTES;
  }
}

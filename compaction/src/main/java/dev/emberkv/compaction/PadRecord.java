package dev.emberkv.compaction;

import dev.emberkv.uring.RawMemory;

/**
 * The record that fills the rest of a page. Its payload is zeros; its key is how far the segment
 * was on stable storage when the page was closed, as an offset in the segment.
 *
 * <p>It ends each page that records do not fill, so a page is either covered by checksums to its
 * last byte or was never written whole.
 */
final class PadRecord {
  private PadRecord() {}

  /** Writes one of {@code lengthBytes} bytes, whole granules and at least one. */
  static void write(
      long address, int lengthBytes, long syncedOffset, RecordChecksum checksum, int mask) {
    RawMemory.clear(address, lengthBytes);
    int payloadBytes = lengthBytes - RecordFormat.HEADER_BYTES;
    RecordFormat.putHeader(address, RecordFormat.PAD, 0, syncedOffset, 0, 0, payloadBytes);
    RecordFormat.putChecksum(address, checksum.ofRecord(address, lengthBytes, mask));
  }

  /** Returns how far the segment was on stable storage. */
  static long syncedOffset(long address) {
    return RecordFormat.key(address);
  }
}

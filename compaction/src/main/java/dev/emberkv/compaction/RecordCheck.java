package dev.emberkv.compaction;

import static dev.emberkv.compaction.RecordFormat.PAGE_BYTES;

/** Decides whether an image is the record that belongs to a place of a segment. */
final class RecordCheck {
  private RecordCheck() {}

  /**
   * Returns how many bytes the record takes by its unchecked header, or -1 when no record with such
   * a header can lie there.
   *
   * @param offset where in the segment
   * @param endOffset where records of the segment end at the latest
   */
  static int storedBytes(long address, int offset, int endOffset) {
    int payloadBytes = RecordFormat.payloadBytes(address);
    int kind = RecordFormat.kind(address);
    if (payloadBytes < 0
        || payloadBytes > RecordFormat.MAX_RECORD_BYTES - RecordFormat.HEADER_BYTES
        || kind < 1
        || kind > RecordFormat.PAD) {
      return -1;
    }
    int stored = RecordFormat.storedBytes(payloadBytes);
    int inPage = offset & (PAGE_BYTES - 1);
    boolean fitsPage = stored <= PAGE_BYTES - inPage;
    boolean fitsPages = inPage == 0 && stored <= endOffset - offset;
    return fitsPage || fitsPages ? stored : -1;
  }

  /** Returns whether the checksum of an image of {@code storedBytes} bytes is right. */
  static boolean isWhole(
      long address, int storedBytes, long seed, long location, RecordChecksum checksum) {
    int mask = RecordChecksum.mask(seed, location);
    return RecordFormat.checksum(address) == checksum.ofRecord(address, storedBytes, mask);
  }

  /** Describes what belongs there, for a report about an image that does not. */
  static String expected(long generation) {
    return "a record of generation %d with the right length and checksum".formatted(generation);
  }
}

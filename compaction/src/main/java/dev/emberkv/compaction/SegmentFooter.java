package dev.emberkv.compaction;

import dev.emberkv.uring.RawMemory;
import org.jspecify.annotations.Nullable;

/**
 * The last page of a segment. It is written twice: with the header, as a copy that says who the
 * segment is should the header be damaged, and when the segment is sealed, with its end.
 *
 * <pre>
 *    0       the fields of the header, with the magic "EMBERFIN"
 *   64  u64  end of the records in the segment, in bytes; 0 while it is open
 *   72  u64  number of records, padding not counted
 *   80  u64  highest sequence of the log when the segment was sealed
 *   88  u64  seal: a random number for the contents; 0 while it is open
 * </pre>
 *
 * @param header the header of the use that ended
 * @param dataEndBytes offset in the segment behind the last record, or 0 while it is open
 * @param records how many records the segment has
 * @param lastSequence highest sequence in the log when it was sealed
 * @param seal random number that was chosen then; see {@link DigestId}
 */
record SegmentFooter(
    SegmentHeader header, long dataEndBytes, long records, long lastSequence, long seal) {
  /** The bytes "EMBERFIN". */
  static final long MAGIC = 0x4e49465245424d45L;

  private static final long DATA_END_OFFSET = 64;
  private static final long RECORDS_OFFSET = 72;
  private static final long LAST_SEQUENCE_OFFSET = 80;
  private static final long SEAL_OFFSET = 88;

  /** Returns the footer of a segment that is being opened. */
  static SegmentFooter open(SegmentHeader header) {
    return new SegmentFooter(header, 0, 0, header.creationSequence(), 0);
  }

  /** Returns whether the segment was sealed. */
  boolean sealed() {
    return dataEndBytes != 0;
  }

  /** Writes the page. */
  void write(long address) {
    header.write(address, MAGIC);
    RawMemory.putLong(address + DATA_END_OFFSET, dataEndBytes);
    RawMemory.putLong(address + RECORDS_OFFSET, records);
    RawMemory.putLong(address + LAST_SEQUENCE_OFFSET, lastSequence);
    RawMemory.putLong(address + SEAL_OFFSET, seal);
    SegmentHeader.seal(address);
  }

  /** Returns the footer on the page, or null when the page is not a whole footer. */
  static @Nullable SegmentFooter read(long address) {
    SegmentHeader header = SegmentHeader.read(address, MAGIC);
    if (header == null) {
      return null;
    }
    return new SegmentFooter(
        header,
        RawMemory.getLong(address + DATA_END_OFFSET),
        RawMemory.getLong(address + RECORDS_OFFSET),
        RawMemory.getLong(address + LAST_SEQUENCE_OFFSET),
        RawMemory.getLong(address + SEAL_OFFSET));
  }
}

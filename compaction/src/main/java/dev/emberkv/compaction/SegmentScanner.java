package dev.emberkv.compaction;

import static dev.emberkv.compaction.RecordFormat.GRANULE_BYTES;
import static dev.emberkv.compaction.RecordFormat.PAGE_BYTES;

import dev.emberkv.uring.DirectFile;
import dev.emberkv.uring.IoBackend;

/**
 * Walks over the records of one segment after the other, and finds its way again behind damage: at
 * the next granule of the page where a whole record is, or else at the next page, which starts with
 * a record or lies inside one.
 *
 * <p>Not thread-safe.
 */
final class SegmentScanner implements AutoCloseable {
  private final ChunkReader reader;
  private final RecordChecksum checksum = new RecordChecksum();

  /** Receives what a walk meets. */
  interface Sink {
    /** Takes a whole record at an offset of the segment. */
    void record(int offset, long address);

    /** Takes a whole padding record, and how far the segment was durable when it was written. */
    void padding(int offset, long syncedOffset);

    /**
     * Takes a place where no whole record is.
     *
     * @param address the bytes found there, to the end of the page at least
     * @return whether to go on with the next page
     */
    boolean damage(int offset, long address);
  }

  SegmentScanner(IoBackend backend, DirectFile file) {
    this(ChunkReader.fast(backend, file));
  }

  /** Makes a scanner of a reader, which it closes in the end. */
  SegmentScanner(ChunkReader reader) {
    this.reader = reader;
  }

  /** Walks from the segment's first record to an offset, which is rounded up to a whole page. */
  void walk(SegmentHeader header, int endOffset, Sink sink) {
    long base = (long) header.segment() * header.segmentBytes();
    long seed = header.seed();
    int lastPageEnd = (endOffset + PAGE_BYTES - 1) & -PAGE_BYTES;
    if (lastPageEnd <= Segment.DATA_START) {
      return;
    }
    reader.range(base + Segment.DATA_START, base + lastPageEnd);
    for (int offset = Segment.DATA_START; offset < endOffset; ) {
      long address = reader.at(base + offset);
      int stored = RecordCheck.storedBytes(address, offset, lastPageEnd);
      if (stored > PAGE_BYTES) {
        address = reader.contiguous(base + offset, stored);
      }
      long location = LogLocation.ofFileOffset(base + offset);
      if (stored < 0 || !RecordCheck.isWhole(address, stored, seed, location, checksum)) {
        if (!sink.damage(offset, reader.at(base + offset))) {
          return;
        }
        offset = behindDamage(base, offset, seed);
        continue;
      }
      if (RecordFormat.kind(address) == RecordFormat.PAD) {
        sink.padding(offset, PadRecord.syncedOffset(address));
      } else {
        sink.record(offset, address);
      }
      offset += stored;
    }
  }

  /**
   * Returns where the first whole record behind damage in the same page is, or the next page; or
   * the next place of a damaged one, if that is where the header of this one says that it ends.
   */
  private int behindDamage(long base, int damaged, long seed) {
    int pageEnd = (damaged & -PAGE_BYTES) + PAGE_BYTES;
    int ownBytes = RecordCheck.storedBytes(reader.at(base + damaged), damaged, pageEnd);
    int next = ownBytes < 0 ? pageEnd : damaged + ownBytes;
    for (int offset = damaged + GRANULE_BYTES; offset < pageEnd; offset += GRANULE_BYTES) {
      long address = reader.at(base + offset);
      int stored = RecordCheck.storedBytes(address, offset, pageEnd);
      long location = LogLocation.ofFileOffset(base + offset);
      if (stored >= 0
          && (offset == next || RecordCheck.isWhole(address, stored, seed, location, checksum))) {
        return offset;
      }
    }
    return pageEnd;
  }

  @Override
  public void close() {
    reader.close();
  }
}

package dev.emberkv.compaction;

import static dev.emberkv.compaction.RecordFormat.PAGE_BYTES;

import dev.emberkv.index.LiveBitmaps;
import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The segment that is being filled: where the next record goes, and the bytes of what goes there.
 *
 * <p>Where records lie: one that fits in a page never straddles two. A larger one starts at a page
 * and the next record starts at a fresh page behind it. What is left of a page is padded with a
 * record of its own, so that each byte of each written page is covered by a checksum.
 *
 * <p>Owned by the lock of {@link SegmentWriter}.
 */
final class OpenSegment {
  private final Segment segment;
  private final long seed;
  private final RecordChecksum checksum;
  private final LiveBitmaps live;

  /** Offset in the segment of the next record; 0 before the header page is laid out. */
  private int offset;

  private long records;

  /** Starts with an empty segment. */
  OpenSegment(Segment segment, RecordChecksum checksum, LiveBitmaps live) {
    this.segment = segment;
    this.live = live;
    this.seed = segment.identity().seed();
    this.checksum = checksum;
  }

  /** Goes on in a segment of an existing volume. */
  OpenSegment(Segment segment, RecordChecksum checksum, LiveBitmaps live, LogTail tail) {
    this(segment, checksum, live);
    assert tail.endOffset() % PAGE_BYTES == 0;
    offset = tail.endOffset();
    records = tail.records();
  }

  /** Returns the position behind the last record; see {@link BlockWriter}. */
  long position() {
    return segment.basePosition() + offset;
  }

  /** Returns the position behind the segment. */
  long endPosition() {
    return segment.basePosition() + segment.footerOffset() + PAGE_BYTES;
  }

  /** Returns where in the volume the next record goes. */
  long fileOffset() {
    return segment.fileOffset() + offset;
  }

  /** Returns where in the volume the footer goes. */
  long footerFileOffset() {
    return segment.fileOffset() + segment.footerOffset();
  }

  /** Returns whether nothing was laid out yet, the header neither. */
  boolean untouched() {
    return offset == 0;
  }

  /** Returns whether records can follow at all. */
  boolean full() {
    return offset == segment.footerOffset();
  }

  /** Returns whether there is room for a record. */
  boolean fits(int storedBytes) {
    return startOf(storedBytes) + storedBytes <= segment.footerOffset();
  }

  /** Returns whether a record may lie right here, or the page has to be padded first. */
  boolean startsHere(int storedBytes) {
    return startOf(storedBytes) == offset;
  }

  private int startOf(int storedBytes) {
    int room = PAGE_BYTES - (offset & (PAGE_BYTES - 1));
    return storedBytes <= room ? offset : pageEnd();
  }

  private int pageEnd() {
    return (offset + PAGE_BYTES - 1) & -PAGE_BYTES;
  }

  /** Returns how much is left in front of the footer. */
  int bytesLeft() {
    return segment.footerOffset() - Math.max(offset, Segment.DATA_START);
  }

  /** Returns the location of the next record. */
  long location() {
    return LogLocation.ofFileOffset(fileOffset());
  }

  /** Returns the mask of the next record's checksum. */
  int mask() {
    return RecordChecksum.mask(seed, location());
  }

  /** Lays out the header page and the copy of it that goes to the footer page. */
  void putHeader(BlockBuffer target) {
    assert untouched();
    SegmentFooter.open(segment.identity()).write(target.openingPage());
    segment.identity().write(target.addressOf(segment.fileOffset()));
    offset = Segment.DATA_START;
  }

  /** Lays out a record, for which there is room here in the buffer. */
  void put(
      BlockBuffer target,
      int kind,
      int table,
      long key,
      long sequence,
      int timeSeconds,
      MemorySegment payload,
      long payloadOffset,
      int payloadBytes) {
    int stored = RecordFormat.storedBytes(payloadBytes);
    assert startsHere(stored) && fits(stored);
    long address = target.addressOf(fileOffset());
    clearGranule(address + stored - RecordFormat.GRANULE_BYTES);
    RecordFormat.putHeader(address, kind, table, key, sequence, timeSeconds, payloadBytes);
    RawMemory.copy(payload, payloadOffset, RecordFormat.payload(address), payloadBytes);
    RecordFormat.putChecksum(address, checksum.ofRecord(address, stored, mask()));
    note(kind, offset, stored, sequence);
    offset += stored;
  }

  /** Counts a record that is whole; data is live from its first moment on. */
  private void note(int flaggedKind, int from, int stored, long sequence) {
    int kind = flaggedKind & ~RecordFormat.COMMITTED;
    boolean committed = (flaggedKind & RecordFormat.COMMITTED) != 0;
    records++;
    segment.contents().add(kind, committed, from, stored, sequence);
    if (SegmentContents.isData(kind)) {
      long location = LogLocation.ofFileOffset(segment.fileOffset() + from);
      live.add(location, stored / RecordFormat.GRANULE_BYTES);
    }
  }

  private static void clearGranule(long address) {
    for (int i = 0; i < RecordFormat.GRANULE_BYTES; i += Long.BYTES) {
      RawMemory.putLong(address + i, 0);
    }
  }

  /**
   * Lays out the next piece of a large record, as much as the buffer takes, and pads behind its
   * last piece.
   *
   * @param done how much of the record is laid out already
   * @return how much is now
   */
  int putPiece(BlockBuffer target, LargeRecord record, int done, long syncedPosition) {
    int piece =
        (int) Math.min(record.storedBytes() - done, target.limitFileOffset() - fileOffset());
    record.copy(done, target.addressOf(fileOffset()), piece);
    offset += piece;
    if (done + piece == record.storedBytes()) {
      note(record.kind(), offset - record.storedBytes(), record.storedBytes(), record.sequence());
      padPage(target, syncedPosition);
    }
    return done + piece;
  }

  /** Fills the rest of the current page; there is nothing to do at a page's start. */
  void padPage(BlockBuffer target, long syncedPosition) {
    int rest = pageEnd() - offset;
    if (rest > 0) {
      pad(target, rest, syncedPosition);
    }
  }

  /** Lays out a page of padding that vouches for all before it. */
  void putClosingPage(BlockBuffer target) {
    assert offset % PAGE_BYTES == 0 && !full();
    pad(target, PAGE_BYTES, position());
  }

  private void pad(BlockBuffer target, int lengthBytes, long syncedPosition) {
    long syncedOffset = Math.max(0, syncedPosition - segment.basePosition());
    PadRecord.write(target.addressOf(fileOffset()), lengthBytes, syncedOffset, checksum, mask());
    offset += lengthBytes;
  }

  /** Lays out the footer and returns it. */
  SegmentFooter putFooter(BlockBuffer target, long lastSequence) {
    assert offset % PAGE_BYTES == 0;
    long seal = ThreadLocalRandom.current().nextLong() | 1; // never 0
    SegmentFooter footer =
        new SegmentFooter(segment.identity(), offset, records, lastSequence, seal);
    footer.write(target.sealingPage());
    return footer;
  }

  Segment segment() {
    return segment;
  }
}

package dev.emberkv.compaction;

import dev.emberkv.index.LiveBitmaps;

/**
 * Notes what a replay meets in the segments' contents and live bits, and passes it on. All data is
 * taken for live.
 */
final class RecoveringReplay implements SegmentReplay {
  private final SegmentReplay next;
  private final SegmentTable table;
  private final LiveBitmaps live;
  private final int segmentShift;

  RecoveringReplay(SegmentReplay next, SegmentTable table, LiveBitmaps live, int segmentShift) {
    this.next = next;
    this.table = table;
    this.live = live;
    this.segmentShift = segmentShift;
  }

  @Override
  public RecordVisitor begin(int ordinal, int segment, long generation) {
    return new Visitor(table.segment(segment), next.begin(ordinal, segment, generation));
  }

  @Override
  public void end(int ordinal, RecordVisitor visitor) {
    Visitor own = (Visitor) visitor;
    own.bits.publish();
    if (!own.damaged) {
      own.segment.contentsAreKnown();
    }
    next.end(ordinal, own.next);
  }

  /** Takes the records of one segment. */
  private final class Visitor implements RecordVisitor {
    private final Segment segment;
    private final SegmentContents contents;
    private final LiveBitmaps.Filling bits;
    private final RecordVisitor next;
    private boolean damaged;

    Visitor(Segment segment, RecordVisitor next) {
      this.segment = segment;
      this.contents = segment.contents();
      this.bits = live.fill(segment.number());
      this.next = next;
    }

    @Override
    public void record(
        long location,
        int kind,
        int tableId,
        long key,
        long sequence,
        int timeSeconds,
        long payloadAddress,
        int payloadBytes) {
      int offset = (int) (LogLocation.fileOffset(location) & ((1L << segmentShift) - 1));
      int stored = RecordFormat.storedBytes(payloadBytes);
      boolean committed = RecordFormat.isCommitted(payloadAddress - RecordFormat.HEADER_BYTES);
      contents.add(kind, committed, offset, stored, sequence);
      if (SegmentContents.isData(kind)) {
        bits.add(offset / RecordFormat.GRANULE_BYTES, stored / RecordFormat.GRANULE_BYTES);
      }
      next.record(
          location, kind, tableId, key, sequence, timeSeconds, payloadAddress, payloadBytes);
    }

    @Override
    public void suspect(
        long location,
        int kind,
        int tableId,
        long key,
        long sequence,
        long payloadAddress,
        int payloadBytes) {
      next.suspect(location, kind, tableId, key, sequence, payloadAddress, payloadBytes);
    }

    @Override
    public void corrupt(long damagedSegment, long offset, String expected) {
      damaged = true;
      next.corrupt(damagedSegment, offset, expected);
    }
  }
}

package dev.emberkv.compaction;

import dev.emberkv.index.LiveBitmaps;
import java.util.BitSet;

/** Notes what a scan meets in the segments' contents and live bits, and passes it on. */
final class RecoveringVisitor implements RecordVisitor {
  private final RecordVisitor next;
  private final SegmentTable table;
  private final LiveBitmaps live;
  private final int segmentShift;
  private final BitSet damaged = new BitSet();

  RecoveringVisitor(RecordVisitor next, SegmentTable table, LiveBitmaps live, int segmentShift) {
    this.next = next;
    this.table = table;
    this.live = live;
    this.segmentShift = segmentShift;
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
    long fileOffset = LogLocation.fileOffset(location);
    int stored = RecordFormat.storedBytes(payloadBytes);
    boolean committed = RecordFormat.isCommitted(payloadAddress - RecordFormat.HEADER_BYTES);
    table
        .segment((int) (fileOffset >>> segmentShift))
        .contents()
        .add(kind, committed, (int) (fileOffset & ((1L << segmentShift) - 1)), stored, sequence);
    if (SegmentContents.isData(kind)) {
      live.add(location, stored / RecordFormat.GRANULE_BYTES);
    }
    next.record(location, kind, tableId, key, sequence, timeSeconds, payloadAddress, payloadBytes);
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

  /** Returns whether all of a segment's records could be read. */
  boolean isWhole(int segment) {
    return !damaged.get(segment);
  }

  @Override
  public void corrupt(long segment, long offset, String expected) {
    damaged.set((int) segment);
    next.corrupt(segment, offset, expected);
  }
}

package dev.emberkv.compaction;

import dev.emberkv.index.LiveBitmaps;
import dev.emberkv.uring.IoFailure;
import dev.emberkv.uring.RawMemory;
import java.util.ArrayList;
import java.util.List;

/**
 * The side of the log that gives the space of dead records back: which segments hold how much, the
 * records of one that still count, copies of them in a stream of their own, and the freeing of what
 * was emptied. Why that loses nothing: docs/adr/0008-cleaning.md.
 *
 * <p>Thread-safe but for {@link #readLive}.
 */
public final class LogCleaning {
  private final SegmentedLog log;
  private final SegmentTable table;
  private final LiveBitmaps live;
  private final LogStream cleaned;
  private final LiveReader liveReader;
  private final SegmentFreer freer;

  LogCleaning(
      SegmentedLog log,
      SegmentTable table,
      LiveBitmaps live,
      LogStream cleaned,
      LiveReader liveReader,
      SegmentFreer freer) {
    this.log = log;
    this.table = table;
    this.live = live;
    this.cleaned = cleaned;
    this.liveReader = liveReader;
    this.freer = freer;
  }

  /**
   * Returns the segments that can be cleaned: sealed, on stable storage, and not damaged so that
   * their records are unknown.
   */
  public List<SegmentUse> sealedSegments() {
    List<SegmentUse> uses = new ArrayList<>();
    for (Segment segment : table.used()) {
      SegmentHeader header = segment.header();
      if (segment.state() == Segment.State.SEALED
          && header != null
          && segment.contentsKnown()
          && log.streamOf(header).writer().isDurable(segment)) {
        uses.add(useOf(segment, header));
      }
    }
    return uses;
  }

  private SegmentUse useOf(Segment segment, SegmentHeader header) {
    // Counted first: of a segment that is being filled, the contents then tell of all of these.
    long liveRecords = live.records(segment.number());
    SegmentContents contents = segment.contents();
    return new SegmentUse(
        segment.number(),
        header.generation(),
        header.stream(),
        segment.footerOffset() - Segment.DATA_START,
        live.granules(segment.number()) * RecordFormat.GRANULE_BYTES,
        contents.deletionBytes(),
        contents.minDataSequence(),
        contents.dataRecords() - liveRecords,
        contents.maxDeletionSequence(),
        contents.waiting(),
        contents.started());
  }

  /**
   * Returns the uses of all segments that hold records, also of those that are being filled or
   * can't be cleaned; what is not known of a damaged one is taken for the worst.
   */
  public List<SegmentUse> usedSegments() {
    List<SegmentUse> uses = new ArrayList<>();
    for (Segment segment : table.used()) {
      SegmentHeader header = segment.header();
      if (header != null && segment.contentsKnown()) {
        uses.add(useOf(segment, header));
      } else {
        int capacity = segment.footerOffset() - Segment.DATA_START;
        uses.add(
            new SegmentUse(
                segment.number(), 0, -1, capacity, capacity, 0, 0, 1, Long.MAX_VALUE, true, true));
      }
    }
    return uses;
  }

  /** Returns how many rows, string keys and definitions of a segment are live. */
  public long liveRecords(int segment) {
    return live.records(segment);
  }

  /** Returns the generation of the newest use of any segment. */
  public long newestGeneration() {
    return table.lastGeneration();
  }

  /**
   * Hands over the live data and the control records of a sealed segment, reading only pages that
   * have any. For one thread at a time.
   *
   * @return whether all of them could be read; the visitor was told of damage
   * @throws IoFailure when the device fails
   */
  public boolean readLive(int segment, RecordVisitor visitor) {
    return liveReader.read(table.segment(segment), visitor);
  }

  /** Returns how many bytes {@link #readLive} has read. */
  public long cleaningReadBytes() {
    return liveReader.readBytes();
  }

  /**
   * Appends the copy of a record that counts; it counts as well, from {@link #flushCopies} on.
   *
   * @return the location of the copy, which is live if it is data
   * @throws StoreFullException when no segment is left at all
   */
  public long appendCopy(
      int kind,
      int table,
      long key,
      long sequence,
      int timeSeconds,
      long payloadAddress,
      int payloadBytes) {
    log.checkRecord(kind, table, payloadBytes);
    return cleaned
        .writer()
        .append(
            kind | RecordFormat.COMMITTED,
            table,
            key,
            sequence,
            timeSeconds,
            RawMemory.all(),
            payloadAddress,
            payloadBytes);
  }

  /** Returns when all copies are on stable storage. */
  public void flushCopies() {
    cleaned.writer().flush();
  }

  /**
   * Frees sealed segments without live data, durably, for other uses. The caller sees to it that
   * copies are flushed, that what superseded their records counts by a commit on stable storage,
   * that none of their deletions and commits is needed, and that no reader can still have one of
   * their locations.
   *
   * @throws IllegalStateException when one of them has live data
   * @throws IoFailure when the device fails; the log is read-only then
   */
  public void free(List<Integer> numbers) {
    List<Segment> segments = new ArrayList<>();
    for (int number : numbers) {
      Segment segment = table.segment(number);
      if (segment.state() != Segment.State.SEALED || live.records(number) != 0) {
        throw new IllegalStateException(
            "segment %d is %s and has %d live records"
                .formatted(number, segment.state(), live.records(number)));
      }
      segments.add(segment);
    }
    freer.free(segments);
  }

  /** Returns how many bytes of copies one pass of cleaning can make from what is held back. */
  public long cleaningRoomBytes() {
    return Math.max(1, table.segmentsForCleaning() - 1L) * log.segmentBytes();
  }
}

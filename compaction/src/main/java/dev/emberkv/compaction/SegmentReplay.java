package dev.emberkv.compaction;

/**
 * Receives the records of a log when it is opened, segment by segment, from several threads: the
 * records of one segment in their order and from one thread, the segments in any order and some of
 * them at the same time.
 *
 * <p>Thread-safe but for the visitors, each of which is used by one thread at a time.
 */
public interface SegmentReplay {
  /**
   * Begins a segment.
   *
   * @param ordinal the segment's place in the order of the log, from 0 without gaps
   * @param segment number of the segment
   * @param generation of its use; 0 when it can't be told, and then there will be no records
   * @return what to hand its records to
   */
  RecordVisitor begin(int ordinal, int segment, long generation);

  /**
   * Ends a segment, after its last record.
   *
   * @param visitor what {@link #begin} returned for it
   */
  void end(int ordinal, RecordVisitor visitor);
}

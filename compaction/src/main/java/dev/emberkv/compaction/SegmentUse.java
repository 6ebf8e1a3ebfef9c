package dev.emberkv.compaction;

/**
 * What the cleaner knows of one sealed segment that it may clean, at one moment.
 *
 * @param number number of the segment
 * @param generation of its use
 * @param stream which stream filled it, or -1 when that is lost
 * @param capacityBytes how much data a segment can hold
 * @param liveBytes how much of it is live data
 * @param deletionBytes how much of it is tombstones and drops, needed or not
 * @param minDataSequence lowest sequence of its data, dead or live; {@link Long#MAX_VALUE} for none
 * @param deadRecords how many of its data records are dead
 * @param maxDeletionSequence highest sequence of its tombstones and drops; 0 for none
 * @param waiting whether it has records that count by a later commit only
 * @param started whether it has a {@link RecordFormat#START}
 */
public record SegmentUse(
    int number,
    long generation,
    int stream,
    long capacityBytes,
    long liveBytes,
    long deletionBytes,
    long minDataSequence,
    long deadRecords,
    long maxDeletionSequence,
    boolean waiting,
    boolean started) {
  /** Returns what cleaning the segment would gain if all of its deletions are still needed. */
  public long deadBytes() {
    return Math.max(0, capacityBytes - liveBytes - deletionBytes);
  }
}

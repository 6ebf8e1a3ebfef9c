package dev.emberkv.compaction;

import java.util.BitSet;
import org.roaringbitmap.RoaringBitmap;

/**
 * What one use of a segment holds, as far as its cleaning depends on it, beside the live bits of
 * its data: how many records of which kind, between which sequence numbers, and where the control
 * records are. Data are rows, string keys, definitions of tables and tokens of pushes; control
 * records are tombstones and drops, which are needed for as long as there may be something that
 * they delete, and commits and starts.
 *
 * <p>Not thread-safe: owned by the writer of the segment while it is open, and unchanged
 * afterwards.
 */
final class SegmentContents {
  private final BitSet controlPages = new BitSet();

  /** Granules of deletions whose commit never came; unchanged once the store is open. */
  private final RoaringBitmap neverCounted = new RoaringBitmap();

  private long dataRecords;
  private long minDataSequence = Long.MAX_VALUE;
  private long deletionBytes;
  private long maxDeletionSequence;
  private boolean waiting;
  private boolean started;

  /** Returns whether records of a kind have live bits; they have a payload, so two granules. */
  static boolean isData(int kind) {
    return kind == RecordFormat.ROW
        || kind == RecordFormat.STRING
        || kind == RecordFormat.TABLE
        || kind == RecordFormat.TOKEN;
  }

  private static boolean isDeletion(int kind) {
    return kind == RecordFormat.TOMBSTONE || kind == RecordFormat.DROP;
  }

  /**
   * Notes a record.
   *
   * @param offset where in the segment
   */
  void add(int kind, boolean committed, int offset, int storedBytes, long sequence) {
    if (isData(kind)) {
      dataRecords++;
      minDataSequence = Math.min(minDataSequence, sequence);
    } else {
      controlPages.set(offset / RecordFormat.PAGE_BYTES);
    }
    if (isDeletion(kind)) {
      deletionBytes += storedBytes;
      maxDeletionSequence = Math.max(maxDeletionSequence, sequence);
    }
    waiting |= !committed && kind != RecordFormat.COMMIT && kind != RecordFormat.START;
    started |= kind == RecordFormat.START;
  }

  /**
   * Notes that a tombstone or drop never counts: it waits in front of a start.
   *
   * @param offset where in the segment
   */
  void neverCounts(int offset) {
    neverCounted.add(offset / RecordFormat.GRANULE_BYTES);
  }

  /** Returns whether the tombstone or drop at an offset counts, or will. */
  boolean counts(int offset) {
    return !neverCounted.contains(offset / RecordFormat.GRANULE_BYTES);
  }

  /** Returns how many rows, string keys and definitions were appended. */
  long dataRecords() {
    return dataRecords;
  }

  /** Returns the lowest sequence of these, or {@link Long#MAX_VALUE} when there are none. */
  long minDataSequence() {
    return minDataSequence;
  }

  long deletionBytes() {
    return deletionBytes;
  }

  /** Returns the highest sequence of a tombstone or drop, or 0 when there are none. */
  long maxDeletionSequence() {
    return maxDeletionSequence;
  }

  /** Returns whether there are records that count only by a commit. */
  boolean waiting() {
    return waiting;
  }

  /** Returns whether a start was written here. */
  boolean started() {
    return started;
  }

  /** Returns whether a page has a control record. */
  boolean isControlPage(int page) {
    return controlPages.get(page);
  }
}

package dev.emberkv.compaction;

import dev.emberkv.index.LiveBitmaps;
import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;

/**
 * The records that a store still has after a scan took all data for live: what is not named here
 * was superseded, deleted, dropped or never counted, and {@link #buryOthers} declares it dead.
 *
 * <p>Not thread-safe but for {@link #add}; used while a store opens.
 */
public final class Survivors implements AutoCloseable {
  private final LiveBitmaps live;
  private final SegmentTable table;
  private final long granules;
  private final NativeMemory named;

  Survivors(LiveBitmaps live, SegmentTable table) {
    this.live = live;
    this.table = table;
    this.granules = table.volumeBytes() / RecordFormat.GRANULE_BYTES;
    this.named = NativeMemory.reserve(Math.max(1, granules / Byte.SIZE));
  }

  /**
   * Names a record that lives on; thread-safe among its kind. A damaged one may be named too, which
   * changes nothing: its segment is kept as it is.
   */
  public void add(long location) {
    long word = word(location);
    long seen;
    do {
      seen = RawMemory.getLongAcquire(word);
    } while (!RawMemory.compareAndSetLong(word, seen, seen | 1L << location));
  }

  /**
   * Names a tombstone or drop that waits in front of a start: cleaning must not copy it, since a
   * copy counts.
   */
  public void neverCounts(long location) {
    long fileOffset = LogLocation.fileOffset(location);
    Segment segment = table.segmentAt(fileOffset);
    segment.contents().neverCounts((int) (fileOffset - segment.fileOffset()));
  }

  private long word(long location) {
    return named.address() + (location >>> 6) * Long.BYTES;
  }

  /** Declares all data dead that was not named. */
  public void buryOthers() {
    live.retain(location -> (RawMemory.getLong(word(location)) & 1L << location) != 0);
  }

  @Override
  public void close() {
    named.close();
  }
}

package dev.emberkv.engine;

import dev.emberkv.compaction.RecordFormat;

/**
 * What a write was let in for, of a write that learns under the lock of its key how much it needs:
 * it begins with little, and where that is not enough it starts over, as room is asked for without
 * the lock, for others may have to write meanwhile.
 *
 * <p>Used by one thread.
 */
final class LogRoom implements AutoCloseable {
  private final DiskSpace space;
  private long admitted;
  private long neededBytes;

  LogRoom(DiskSpace space) {
    this.space = space;
    this.admitted = space.admitDelete(RecordFormat.PAGE_BYTES);
  }

  /** Returns whether the write may append so many bytes; if not, {@link #enlarge} has to follow. */
  boolean has(long bytes) {
    neededBytes = RecordFormat.PAGE_BYTES + bytes;
    return admitted == 0 || admitted >= neededBytes;
  }

  /**
   * Asks for what was missing; without locks and outside of the epoch.
   *
   * @throws dev.emberkv.compaction.StoreFullException when there is no such room
   */
  void enlarge() {
    close();
    admitted = space.admit(neededBytes);
  }

  /** The same for a write that only deletes, which is not refused. */
  void enlargeToDelete() {
    close();
    admitted = space.admitDelete(neededBytes);
  }

  @Override
  public void close() {
    space.done(admitted);
    admitted = 0;
  }
}

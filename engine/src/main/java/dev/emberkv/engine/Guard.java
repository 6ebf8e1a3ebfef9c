package dev.emberkv.engine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A thread's place in an {@link Epoch}, and what it needs for its operations without asking anyone:
 * the working memory of a batch, a key to fill in, and counts that only this thread adds to.
 *
 * <p>Used by its thread alone, but for the epoch and the counts, which others read.
 */
final class Guard implements AutoCloseable {
  /** Of so many reads of a thread, one is timed; a power of two. */
  static final int SAMPLE = 64;

  /** Outside of any operation. */
  static final long OUTSIDE = 0;

  private static final VarHandle EPOCH;
  private static final VarHandle COUNTS = MethodHandles.arrayElementVarHandle(long[].class);

  static {
    try {
      EPOCH = MethodHandles.lookup().findVarHandle(Guard.class, "epoch", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final Thread thread = Thread.currentThread();

  /** Never another thread's, not even after this one has ended. */
  final long threadId = thread.threadId();

  final BatchScratch scratch = new BatchScratch();
  final RowKey.Id key = new RowKey.Id();
  final StringProbe strings = new StringProbe();

  /** Answered keys by {@link RowStatus}; indexed away from the ends of the array's cache lines. */
  private final long[] counts = new long[COUNT_OFFSET + 4 + COUNT_OFFSET];

  private static final int COUNT_OFFSET = 8;

  private int reads;

  @SuppressWarnings("unused") // Reached through EPOCH.
  private long epoch;

  void enter(long current) {
    assert (long) EPOCH.getOpaque(this) == OUTSIDE : "an operation inside of another one";
    EPOCH.setOpaque(this, current);
  }

  /** Leaves; pairs with the acquire of {@link #epoch}. */
  @Override
  public void close() {
    EPOCH.setRelease(this, OUTSIDE);
  }

  long epoch() {
    return (long) EPOCH.getAcquire(this);
  }

  /** Returns the time if the read that begins is one to be timed, else 0. */
  long sampleClock() {
    return (reads++ & (SAMPLE - 1)) == 0 ? System.nanoTime() : 0;
  }

  /** Counts keys that were answered with a {@link RowStatus}. */
  void count(byte status, long keys) {
    int at = COUNT_OFFSET + status;
    COUNTS.setOpaque(counts, at, counts[at] + keys);
  }

  /** Returns how many keys were answered with a {@link RowStatus}. */
  long count(byte status) {
    return (long) COUNTS.getOpaque(counts, COUNT_OFFSET + status);
  }
}

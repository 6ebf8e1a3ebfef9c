package dev.emberkv.engine;

import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.compaction.SegmentedLog;
import dev.emberkv.compaction.StoreFullException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Lets writes in only while there is room for what they will append, so that a row that was taken
 * into DRAM also finds its place in the log. At the limit writers wait here for cleaning, outside
 * of the store's {@link Epoch}, which cleaning itself has to wait for; and when cleaning has
 * nothing left to gain they are refused. As soon as there is room again, writes go on.
 *
 * <p>While there is plenty of room, {@link #admit} is one load. When it gets scarce, each write
 * asks for its bytes, which are promised to it until a flush has written what it was let in for.
 *
 * <p>Thread-safe.
 */
final class DiskSpace {
  /** What can come in between two looks at the free space, beside what DRAM holds already. */
  private static final long SLACK_BYTES = 512L << 20;

  private static final long WAIT_MILLIS = 50;

  /** Of two passes that end, the second one began after the first ended. */
  private static final int FRUITLESS_PASSES = 2;

  /**
   * How many passes a delete waits for at most: cleaning may go on and gain nothing that lasts, and
   * a delete has room held back for it.
   */
  private static final int DELETE_PASSES = 4;

  /** The same for other writes, which are refused then. */
  private static final int WRITE_PASSES = 64;

  private final SegmentedLog log;
  private final LongSupplier dramBytes;
  private final LongSupplier usableBytes;
  private final WaitRule waits;
  private volatile boolean scarce;

  /** What writes under way were let in for; guarded by this, as are the other counts. */
  private long underWay;

  /** What was promised to writes that have ended, and a flush has not seen to yet. */
  private long unflushed;

  private long fruitless;
  private long passes;
  private int waiting;
  private int deletesWaiting;

  /**
   * Watches a log.
   *
   * @param dramBytes the most that the DRAM tier holds of what the log does not have yet
   * @param usableBytes what the file system has left
   * @param waits which threads must not wait here
   */
  DiskSpace(SegmentedLog log, LongSupplier dramBytes, LongSupplier usableBytes, WaitRule waits) {
    this.log = log;
    this.dramBytes = dramBytes;
    this.usableBytes = usableBytes;
    this.waits = waits;
    this.scarce = isScarce();
  }

  private boolean isScarce() {
    return log.bytesLeft() < leastBytes();
  }

  private long leastBytes() {
    return 2 * dramBytes.getAsLong() + SLACK_BYTES;
  }

  /** Returns what a row takes of the log at most, with what is lost at the ends of pages. */
  static long logBytes(int payloadBytes) {
    int stored = RecordFormat.storedBytes(payloadBytes);
    return stored <= RecordFormat.PAGE_BYTES
        ? Math.ceilDiv(RecordFormat.PAGE_BYTES, RecordFormat.PAGE_BYTES / stored)
        : 2L * (stored + RecordFormat.PAGE_BYTES);
  }

  /** Looks whether room has become scarce, or plenty again. */
  synchronized void review() {
    if (log.growsAhead() || usableBytes.getAsLong() < leastBytes()) {
      log.growAhead();
    }
    boolean now = isScarce();
    if (now && !scarce) {
      // What was let in so far is in DRAM at most.
      unflushed += dramBytes.getAsLong();
    }
    scarce = now;
  }

  /** Returns whether writes are let in whatever they append. */
  boolean isPlenty() {
    return !scarce;
  }

  /**
   * Lets a write in; outside of the epoch.
   *
   * @param bytes the most that it will append
   * @return what to give to {@link #done} when the write has ended
   * @throws StoreFullException when there is no room, and none to be gained
   */
  long admit(long bytes) {
    return scarce ? admitScarce(bytes, true) : 0;
  }

  /** Lets a delete in: it waits for room as well, but is not refused for want of it. */
  long admitDelete(long bytes) {
    return scarce ? admitScarce(bytes, false) : 0;
  }

  /** Lets a delete in if there is room right now; -1 if not. */
  long tryAdmitDelete(long bytes) {
    if (!scarce) {
      return 0;
    }
    synchronized (this) {
      if (!hasRoomFor(bytes)) {
        return -1;
      }
      underWay += bytes;
      return bytes;
    }
  }

  private synchronized long admitScarce(long bytes, boolean refusable) {
    waits.beforeWaiting();
    long seen = fruitless;
    long seenPasses = passes;
    waiting++;
    deletesWaiting += refusable ? 0 : 1;
    try {
      while (!hasRoomFor(bytes)) {
        log.checkWritable();
        if (fruitless - seen >= FRUITLESS_PASSES
            || passes - seenPasses >= (refusable ? WRITE_PASSES : DELETE_PASSES)) {
          if (refusable) {
            throw log.full();
          }
          break;
        }
        notifyAll();
        await();
      }
    } finally {
      waiting--;
      deletesWaiting -= refusable ? 0 : 1;
    }
    underWay += bytes;
    return bytes;
  }

  /**
   * Returns whether there is room beyond what is promised; flushes end pages early, in a margin.
   */
  private boolean hasRoomFor(long bytes) {
    long promised = underWay + Math.min(unflushed, dramBytes.getAsLong());
    return log.bytesLeft() - promised - log.segmentBytes() / 8 >= bytes;
  }

  /** Ends a write; what it wrote may be in DRAM alone until the next flush. */
  void done(long admitted) {
    if (admitted != 0) {
      synchronized (this) {
        underWay -= admitted;
        unflushed += admitted;
      }
    }
  }

  @SuppressWarnings("WaitNotInLoop") // the loop is in the caller
  private void await() {
    try {
      wait(WAIT_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for room in the store", e);
    }
  }

  /** Returns what a flush that begins now will see to, for {@link #flushed}. */
  synchronized long unflushed() {
    return unflushed;
  }

  /** Notes that what was unflushed when a flush began is in the log. */
  synchronized void flushed(long before) {
    unflushed = Math.max(0, unflushed - before);
    notifyAll();
  }

  /** Returns whether writers wait for room. */
  synchronized boolean isWaitedFor() {
    return waiting > 0;
  }

  /** Returns whether deletes wait for room, which are to make some. */
  synchronized boolean isWaitedForByDeletes() {
    return deletesWaiting > 0;
  }

  /** Tells writers that segments were freed. */
  synchronized void freed() {
    passes++;
    notifyAll();
  }

  /** Tells writers that a pass of cleaning and a flush found nothing to gain. */
  synchronized void nothingGained() {
    passes++;
    fruitless++;
    notifyAll();
  }

  /** Waits for writers that need room, or for a time. */
  @SuppressWarnings("WaitNotInLoop") // whoever waits looks at everything again
  synchronized void awaitDemand(long nanos) throws InterruptedException {
    if (waiting == 0) {
      wait(Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos)));
    }
  }
}

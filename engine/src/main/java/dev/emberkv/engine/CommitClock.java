package dev.emberkv.engine;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Numbers the batches of a store, and cuts their sequence where a flush makes them durable: after a
 * crash the store is as if every batch up to a cut had run, and none behind it.
 *
 * <p>A flush opens a cut, waits until the batches up to it have finished, logs what they wrote and
 * ends with a commit. Nobody waits for it meanwhile. Instead, a batch behind the cut that is about
 * to change a row which the flush still has to log sees to that first, and a batch before the cut
 * that comes to a row after one behind it logs its own version beside. Both find out with {@link
 * #isBetween}: a number behind the cut is taken after the cut was published, so whoever has one, or
 * meets a row that carries one, under the lock of its bucket, sees the cut.
 *
 * <p>An operation that makes rows from what they were before can't be logged beside: it would take
 * the version before the cut, which may be gone. So it holds {@link #uncut} from before it takes
 * its number until it has changed its last row, and a cut waits for these, and they for it.
 *
 * <p>Thread-safe. Cuts are opened by one thread at a time.
 */
final class CommitClock {
  /** How far a cut lies ahead, so that batches that come meanwhile rarely make it start over. */
  private static final int GAP = 1 << 10;

  private final AtomicLong newest = new AtomicLong();
  private final ReentrantReadWriteLock cuts = new ReentrantReadWriteLock();
  private volatile long cut;
  private volatile long committed;

  /** Goes on behind the numbers of an earlier run, all of which are committed or dropped. */
  void startAfter(long sequence) {
    newest.set(sequence);
    cut = sequence;
    committed = sequence;
  }

  /** Takes the number of a batch; inside the store's {@link Epoch}. */
  long next() {
    return newest.incrementAndGet();
  }

  /** Returns a lock that many can hold at once, and while one does no cut is opened. */
  Lock uncut() {
    return cuts.readLock();
  }

  /** Returns whether no number was taken since the last commit. */
  boolean isCommitted() {
    return newest.get() == committed;
  }

  /**
   * Opens a cut behind all numbers that were taken so far. When the batches that are inside the
   * epoch now have left it, all of those numbers' batches have finished.
   */
  long openCut() {
    cuts.writeLock().lock();
    try {
      return openCutAlone();
    } finally {
      cuts.writeLock().unlock();
    }
  }

  private long openCutAlone() {
    while (true) {
      long seen = newest.get();
      long next = seen + GAP;
      cut = next;
      while (seen < next) {
        if (newest.compareAndSet(seen, next)) {
          return next;
        }
        seen = newest.get();
      }
    }
  }

  /** Returns whether the newest cut lies between two batches. */
  boolean isBetween(long older, long newer) {
    long now = cut;
    return older <= now && newer > now;
  }

  /** Notes that everything up to a cut is on stable storage. */
  void commit(long sequence) {
    committed = sequence;
  }

  /** Returns the number of the newest cut up to which everything is on stable storage. */
  long committed() {
    return committed;
  }
}

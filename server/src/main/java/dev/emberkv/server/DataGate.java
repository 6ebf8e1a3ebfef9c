package dev.emberkv.server;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.StampedLock;

/**
 * Lets commands work on string keys side by side, or one of them alone: a transaction, or a command
 * that changes several keys of which nobody must see only some.
 *
 * <p>Thread-safe; a thread passes it once at a time. It is the first lock that a command takes.
 */
final class DataGate {
  /** Not inside. */
  static final long OUTSIDE = 0;

  private final StampedLock lock = new StampedLock();

  /** Threads that want to be alone: those that need not enter let them go first. */
  private final AtomicInteger wantAlone = new AtomicInteger();

  /** Enters side by side with others; returns {@link #OUTSIDE} when that would have to wait. */
  long tryShare() {
    return wantAlone.get() > 0 ? OUTSIDE : lock.tryReadLock();
  }

  /** Enters side by side with others. */
  long share() {
    return lock.readLock();
  }

  /** Enters when all others have left, and keeps them out. */
  long enterAlone() {
    wantAlone.incrementAndGet();
    try {
      return lock.writeLock();
    } finally {
      wantAlone.decrementAndGet();
    }
  }

  /** Leaves with what entering returned. */
  void leave(long stamp) {
    if (stamp != OUTSIDE) {
      lock.unlock(stamp);
    }
  }
}

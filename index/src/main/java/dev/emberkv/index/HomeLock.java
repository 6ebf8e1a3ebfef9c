package dev.emberkv.index;

import dev.emberkv.uring.RawMemory;
import java.lang.invoke.VarHandle;

/**
 * The seqlock in the header of a home bucket.
 *
 * <p>It covers the home's entries and whatever the engine ties to them, that is the bytes of their
 * rows in DRAM. State owner of both: the thread that has set the lock bit.
 *
 * <p><b>Memory order.</b> A reader loads the header with acquire (R1), then entries and row bytes,
 * then passes an acquire fence (R2) and loads the header again (R3). A writer sets the lock bit by
 * compare-and-set (W1), passes a storeStore fence (W2), stores entries and row bytes, then stores
 * the next version with release (W3).
 *
 * <ul>
 *   <li>If R1 reads what W3 wrote, the reader sees everything that the writer did.
 *   <li>If the reader sees any store made between W2 and W3, then, as W2 keeps it behind W1 and R2
 *       keeps R3 behind its load, R3 sees the lock bit of W1 or something later. Versions count up
 *       and are 50 bits wide, so R3 differs from R1 and the reader starts over.
 * </ul>
 *
 * <p>Entry words are loaded and stored opaquely or stronger, so they are never torn. Slots are
 * cleared with release, so that a neighbour's entry that reuses a slot carries W1 along to whoever
 * reads it. Row bytes are plain and may be torn: that is what R3 is for.
 */
final class HomeLock {
  private static final int SPINS_BEFORE_YIELD = 64;

  private HomeLock() {}

  /** R1: returns the header once it is not locked; {@link Bucket#MOVED} included. */
  static long awaitUnlocked(long home) {
    for (int spins = 0; ; spins++) {
      long header = RawMemory.getLongAcquire(home);
      if (!Bucket.isLocked(header)) {
        return header;
      }
      pause(spins);
    }
  }

  /** R2 and R3: returns whether what was read since the header was loaded is consistent. */
  static boolean unchanged(long home, long header) {
    VarHandle.acquireFence();
    return RawMemory.getLongOpaque(home) == header;
  }

  /** W1 and W2: takes the lock if the header is still {@code header}, which is not locked. */
  static boolean tryLock(long home, long header) {
    assert !Bucket.isLocked(header) && header != Bucket.MOVED : header;
    if (RawMemory.compareAndSetLong(home, header, header | Bucket.LOCK)) {
      VarHandle.storeStoreFence();
      return true;
    }
    return false;
  }

  /** Takes the lock if it is free and the home has not moved. */
  static boolean tryLock(long home) {
    long header = RawMemory.getLongAcquire(home);
    return !Bucket.isLocked(header) && header != Bucket.MOVED && tryLock(home, header);
  }

  /** W3: lets go after a change. */
  static void unlock(long home) {
    long header = RawMemory.getLong(home);
    assert Bucket.isLocked(header) : "home is not locked";
    RawMemory.putLongRelease(home, Bucket.changed(header));
  }

  /** Lets go when nothing was changed, so that readers need not start over. */
  static void unlockUnchanged(long home) {
    long header = RawMemory.getLong(home);
    assert Bucket.isLocked(header) : "home is not locked";
    RawMemory.putLongRelease(home, header & ~Bucket.LOCK);
  }

  /**
   * Waits a little. A lock is held for well under a microsecond while its holder runs; when it is
   * not running, giving up the core may be what lets it go on. Nothing relies on that.
   */
  @SuppressWarnings("ThreadPriorityCheck") // The yield is such a hint, see above.
  static void pause(int spins) {
    if (spins < SPINS_BEFORE_YIELD) {
      Thread.onSpinWait();
    } else {
      Thread.yield();
    }
  }
}

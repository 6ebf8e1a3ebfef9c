package dev.emberkv.engine;

import dev.emberkv.uring.ProcessBarrier;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Tells when every operation that was under way has ended, so that what it may still hold an
 * address of can be freed: epoch protection as in FASTER (B. Chandramouli et al., SIGMOD 2018,
 * section 2.3).
 *
 * <p>Thread-safe. An operation writes the current epoch into its thread's {@link Guard} and clears
 * it in the end. Entering must be a full barrier: either {@link #synchronize} sees the guard taken,
 * or the operation sees all that was written before. The rare side runs that barrier for everyone
 * ({@link ProcessBarrier}), and entering is a plain store; only where the kernel lacks it does
 * every operation fence itself. Leaving is a release that pairs with the acquiring scan.
 */
final class Epoch {
  private static final long SCAN_PAUSE_NANOS = 20_000;

  /** A power of two. */
  private static final int RECENT = 64;

  private static final boolean ASYMMETRIC = ProcessBarrier.isAvailable();

  private final AtomicLong current = new AtomicLong(1);
  private final ThreadLocal<Guard> ofThread = ThreadLocal.withInitial(this::register);

  /**
   * Guards that were used lately, each at a place that follows from its thread's number: found with
   * a fifth of the instructions that the thread-local takes. A race loses an entry at worst.
   */
  private final @Nullable Guard[] recent = new Guard[RECENT];

  /** Guarded by itself, as is what the guards of threads that have ended counted. */
  private final List<Guard> guards = new ArrayList<>();

  private final long[] endedCounts = new long[4];
  private int guardsToSweepAt = 64;

  private Guard register() {
    Guard guard = new Guard();
    synchronized (guards) {
      if (guards.size() >= guardsToSweepAt) {
        sweep();
        guardsToSweepAt = Math.max(64, 2 * guards.size());
      }
      guards.add(guard);
    }
    return guard;
  }

  /** Drops the guards of threads that have ended and keeps what they counted. */
  private void sweep() {
    for (Iterator<Guard> all = guards.iterator(); all.hasNext(); ) {
      Guard guard = all.next();
      if (!guard.thread.isAlive()) {
        for (byte status = 0; status < endedCounts.length; status++) {
          endedCounts[status] += guard.count(status);
        }
        recent[place(guard.thread)] = null;
        all.remove();
      }
    }
  }

  private static int place(Thread thread) {
    return (int) thread.threadId() & (RECENT - 1);
  }

  /** Enters; closing the guard leaves. A thread is inside once at most. */
  Guard enter() {
    Thread thread = Thread.currentThread();
    Guard guard = recent[place(thread)];
    if (guard == null || guard.threadId != thread.threadId()) {
      guard = ofThread.get();
      recent[place(thread)] = guard;
    }
    guard.enter(current.getOpaque());
    if (!ASYMMETRIC) {
      VarHandle.fullFence();
    }
    return guard;
  }

  /**
   * Waits until every operation that was inside at the time of the call has left. The caller must
   * not be inside itself.
   */
  void synchronize() {
    long before = current.getAndIncrement();
    List<Guard> inside;
    synchronized (guards) {
      inside = List.copyOf(guards);
    }
    if (ASYMMETRIC) {
      ProcessBarrier.run();
    }
    for (Guard guard : inside) {
      long seen = guard.epoch();
      while (seen != Guard.OUTSIDE && seen <= before) {
        LockSupport.parkNanos(SCAN_PAUSE_NANOS);
        seen = guard.epoch();
      }
    }
  }

  /** Returns how many keys all threads' operations answered. */
  long answered() {
    return count(RowStatus.MISSING)
        + count(RowStatus.HOT)
        + count(RowStatus.COLD)
        + count(RowStatus.NOT_ADMITTED);
  }

  /** Returns how many keys all threads' operations answered with a {@link RowStatus}. */
  long count(byte status) {
    synchronized (guards) {
      long sum = endedCounts[status];
      for (Guard guard : guards) {
        sum += guard.count(status);
      }
      return sum;
    }
  }
}

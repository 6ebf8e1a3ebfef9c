package dev.emberkv.engine;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Tells when every operation that was under way has ended, so that what it may still hold an
 * address of can be freed: epoch protection as in FASTER (B. Chandramouli et al., SIGMOD 2018,
 * section 2.3), without state in the threads.
 *
 * <p>Thread-safe. An operation puts the current epoch into a cell of its own on the way in and
 * clears it on the way out. The compare-and-set on the way in is a full fence: either {@link
 * #synchronize} sees the cell taken, or the operation came after the epoch moved on, and after all
 * that was written before that. Clearing is a release that pairs with the acquiring scan in {@link
 * #synchronize}.
 */
final class Epoch {
  private static final int CELLS = 256;
  private static final int STRIDE = 8;
  private static final long FREE = 0;
  private static final long SCAN_PAUSE_NANOS = 20_000;

  private final AtomicLongArray cells = new AtomicLongArray(CELLS * STRIDE);
  private final @Nullable BatchScratch[] scratches = new @Nullable BatchScratch[CELLS];
  private final AtomicLong current = new AtomicLong(1);

  /** Enters; at most {@value #CELLS} operations are inside at once, a further one waits. */
  int enter() {
    int start = (int) Thread.currentThread().threadId();
    for (int i = 0; ; i++) {
      int cell = (start + i & CELLS - 1) * STRIDE;
      if (cells.getPlain(cell) == FREE && cells.compareAndSet(cell, FREE, current.get())) {
        return cell;
      }
      if (i >= CELLS) {
        Thread.onSpinWait();
      }
    }
  }

  /** Returns the working memory that goes with a cell, for its holder alone. */
  BatchScratch scratch(int cell) {
    BatchScratch scratch = scratches[cell / STRIDE];
    if (scratch == null) {
      scratch = new BatchScratch();
      scratches[cell / STRIDE] = scratch;
    }
    return scratch;
  }

  /** Leaves; the cell is what {@link #enter} returned. */
  void exit(int cell) {
    cells.setRelease(cell, FREE);
  }

  /**
   * Waits until every operation that was inside at the time of the call has left. The caller must
   * not be inside itself.
   */
  void synchronize() {
    long before = current.getAndIncrement();
    for (int i = 0; i < CELLS; i++) {
      long seen = cells.getAcquire(i * STRIDE);
      while (seen != FREE && seen <= before) {
        LockSupport.parkNanos(SCAN_PAUSE_NANOS);
        seen = cells.getAcquire(i * STRIDE);
      }
    }
  }
}

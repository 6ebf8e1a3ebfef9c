package dev.emberkv.engine;

import dev.emberkv.compaction.SegmentedLog;
import java.lang.foreign.Arena;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes dirty rows to the log: once a second, and when asked. It also gives slabs back as the
 * index takes a larger share of the budget.
 *
 * <p>Thread-safe; passes run one after the other. The thread is a daemon that {@link #close} ends.
 */
final class Flusher implements AutoCloseable {
  private static final Logger LOGGER = LoggerFactory.getLogger(Flusher.class);
  private static final long PERIOD_NANOS = 500_000_000L;
  private static final long MAX_SHRINK_NANOS = 30_000_000_000L;
  private static final long SHRINK_PAUSE_NANOS = 1_000_000L;

  private final SlabPool slabs;
  private final SegmentedLog log;
  private final Evictor evictor;
  private final Epoch epoch;
  private final boolean periodic;
  private final Thread thread;
  private volatile boolean closed;

  Flusher(SlabPool slabs, SegmentedLog log, Evictor evictor, Epoch epoch, Durability durability) {
    this.slabs = slabs;
    this.log = log;
    this.evictor = evictor;
    this.epoch = epoch;
    this.periodic = durability == Durability.EVERYSEC;
    this.thread = Thread.ofPlatform().name("ember-flusher").daemon().unstarted(this::work);
  }

  void start() {
    thread.start();
  }

  private void work() {
    boolean healthy = true;
    while (!closed) {
      LockSupport.parkNanos(PERIOD_NANOS);
      try {
        shrink();
        if (periodic && !closed) {
          flush();
        }
        healthy = true;
      } catch (RuntimeException e) {
        if (healthy) {
          LOGGER.error("Rows could not be written; what is in DRAM is not durable", e);
        }
        healthy = false;
      }
    }
  }

  private void shrink() {
    try (Guard _ = epoch.enter()) {
      evictor.shrinkToLimit();
    }
  }

  /**
   * Gives slabs back until no more are taken than the limit allows now.
   *
   * @throws IllegalStateException when rows in use keep them for 30 s
   */
  void shrinkToLimit() {
    long deadline = System.nanoTime() + MAX_SHRINK_NANOS;
    slabs.releaseFreeSlabs();
    for (shrink(); slabs.excessSlabs() > 0; shrink()) {
      if (System.nanoTime() - deadline > 0) {
        throw new IllegalStateException(
            slabs.excessSlabs() + " slabs over the memory budget could not be emptied in 30 s");
      }
      LockSupport.parkNanos(SHRINK_PAUSE_NANOS);
    }
  }

  /** Makes everything durable that was written before the call. */
  void flush() {
    writeBackDirty();
    log.flush();
  }

  private synchronized void writeBackDirty() {
    long[] taken = new long[(int) (SlabPool.SLAB_BYTES / Slot.MIN_BYTES)];
    for (int slab = slabs.takeDirtySlab(0); slab >= 0; slab = slabs.takeDirtySlab(slab)) {
      try (Guard _ = epoch.enter();
          Arena arena = Arena.ofConfined()) {
        int slotBytes = slabs.slotBytes(slab);
        int count = slabs.takenSlots(slab, taken);
        long scratch = arena.allocate(Math.max(slotBytes, Slot.MIN_BYTES), 64).address();
        for (int i = 0; i < count; i++) {
          if (!evictor.writeBack(taken[i], scratch)) {
            slabs.markDirty(taken[i]);
            Thread.onSpinWait();
          }
        }
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

package dev.emberkv.engine;

import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.compaction.SegmentedLog;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.BitSet;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes what is in DRAM durable: once a second, and when asked. A flush cuts the sequence of
 * batches, waits for those before the cut, logs their rows, commits and syncs; {@link CommitClock}
 * says why nobody has to wait for it. It also gives slabs back as the index takes a larger share of
 * the budget.
 *
 * <p>Thread-safe; flushes run one after the other. The thread is a daemon that {@link #close} ends.
 */
final class Flusher implements AutoCloseable {
  private static final Logger LOGGER = LoggerFactory.getLogger(Flusher.class);
  private static final long PERIOD_NANOS = 500_000_000L;
  private static final long MAX_SHRINK_NANOS = 30_000_000_000L;
  private static final long SHRINK_PAUSE_NANOS = 1_000_000L;
  private static final long BUSY_PAUSE_NANOS = 20_000;

  private final Tiers tiers;
  private final SlabPool slabs;
  private final SegmentedLog log;
  private final boolean periodic;
  private final long checkpointNanos;
  private final Runnable checkpoint;
  private final Runnable afterFlush;
  private final Thread thread;

  /** Takes the newest checkpoint, which may last longer than flushes may wait. */
  private @Nullable Thread checkpointer;

  private volatile boolean closed;

  /**
   * Makes the flusher of a store.
   *
   * @param interval how often to run {@code checkpoint}, on a thread of its own; zero for never
   * @param afterFlush what to do when something was made durable
   */
  Flusher(Tiers tiers, Duration interval, Runnable checkpoint, Runnable afterFlush) {
    this.afterFlush = afterFlush;
    this.checkpointNanos = interval.isZero() ? Long.MAX_VALUE : interval.toNanos();
    this.checkpoint = checkpoint;
    this.tiers = tiers;
    this.slabs = tiers.slabs();
    this.log = tiers.log();
    this.periodic = tiers.durability() != Durability.CHECKPOINT;
    this.thread = Thread.ofPlatform().name("ember-flusher").daemon().unstarted(this::work);
  }

  void start() {
    thread.start();
  }

  private void work() {
    boolean healthy = true;
    long lastCheckpoint = System.nanoTime();
    while (!closed) {
      LockSupport.parkNanos(PERIOD_NANOS);
      try {
        shrink();
        if (periodic && !closed) {
          flush();
        }
        if (System.nanoTime() - lastCheckpoint >= checkpointNanos && !closed) {
          startCheckpoint();
          lastCheckpoint = System.nanoTime();
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

  private void startCheckpoint() {
    if (checkpointer == null || !checkpointer.isAlive()) {
      checkpointer =
          Thread.ofPlatform().name("ember-checkpoint").daemon().start(this::takeCheckpoint);
    }
  }

  private void takeCheckpoint() {
    try {
      checkpoint.run();
    } catch (RuntimeException e) {
      LOGGER.error("A checkpoint could not be taken", e);
    }
  }

  private void shrink() {
    try (Guard _ = tiers.epoch().enter()) {
      tiers.evictor().reviewPins(System.nanoTime());
      tiers.evictor().shrinkToLimit();
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

  /**
   * Makes everything durable that was written before the call.
   *
   * <p>The marks of slabs with dirty rows are taken before the cut. So a mark that a batch before
   * the cut sets later is found by the second look, and one behind the cut is left for the next
   * flush.
   */
  void flush() {
    flush(false);
  }

  /**
   * Makes everything durable that was written before the call; see {@link #flush()}.
   *
   * @param commitAnyway whether to log a commit also if nothing was written since the last one
   */
  synchronized void flush(boolean commitAnyway) {
    long unflushed = tiers.space().unflushed();
    if (tiers.clock().isCommitted() && !commitAnyway) {
      log.flush();
      tiers.space().flushed(unflushed);
      return;
    }
    BitSet marked = takeMarks();
    boolean done = false;
    try {
      long cut = tiers.clock().openCut();
      tiers.epoch().synchronize();
      if (!tiers.writesThrough()) {
        writeBack(marked, cut);
      }
      // With write-through, too: segments with the batches' own commits can be freed then.
      int time = (int) (System.currentTimeMillis() / 1000);
      log.append(RecordFormat.COMMIT, 0, cut, cut, time, MemorySegment.NULL);
      log.flush();
      tiers.clock().commit(cut);
      afterFlush.run();
      tiers.space().flushed(unflushed);
      done = true;
    } finally {
      if (!done) {
        marked.stream().forEach(slabs::markDirtySlab);
      }
    }
  }

  /** Does something between two flushes, so that no cut lies before it whose commit is to come. */
  synchronized void betweenFlushes(Runnable action) {
    action.run();
  }

  private BitSet takeMarks() {
    BitSet marked = new BitSet();
    for (int slab = slabs.takeDirtySlab(0); slab >= 0; slab = slabs.takeDirtySlab(slab + 1)) {
      marked.set(slab);
    }
    return marked;
  }

  /** Logs all dirty rows up to a sequence number, in slabs that are marked or were. */
  private void writeBack(BitSet marked, long newest) {
    BitSet wanted = (BitSet) marked.clone();
    for (int slab = slabs.nextDirtySlab(0); slab >= 0; slab = slabs.nextDirtySlab(slab + 1)) {
      wanted.set(slab);
    }
    long[] taken = new long[(int) (SlabPool.SLAB_BYTES / Slot.MIN_BYTES)];
    for (int slab = wanted.nextSetBit(0); slab >= 0; slab = wanted.nextSetBit(slab + 1)) {
      while (!writeBackSlab(slab, taken, newest)) {
        LockSupport.parkNanos(BUSY_PAUSE_NANOS);
      }
    }
  }

  /** Logs the dirty rows of a slab; false when others are at some of them. */
  private boolean writeBackSlab(int slab, long[] taken, long newest) {
    boolean done = true;
    try (Guard _ = tiers.epoch().enter();
        Arena arena = Arena.ofConfined()) {
      MemorySegment scratch = arena.allocate(Math.max(slabs.slotBytes(slab), Slot.MIN_BYTES), 64);
      int count = slabs.takenSlots(slab, taken);
      for (int i = 0; i < count; i++) {
        switch (tiers.evictor().writeBack(taken[i], scratch, newest)) {
          case DONE -> {}
          case BUSY -> done = false;
          case NEWER -> slabs.markDirty(taken[i]);
        }
      }
    }
    return done;
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
    try {
      thread.join();
      if (checkpointer != null) {
        checkpointer.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

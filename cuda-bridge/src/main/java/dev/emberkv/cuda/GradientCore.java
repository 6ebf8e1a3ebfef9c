package dev.emberkv.cuda;

import dev.emberkv.engine.Store;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link GradientReturn} is made of: its places, and the thread that pushes.
 *
 * <p>Thread-safe. Places and queue are guarded by one lock; a copy is begun under another one, so
 * that the queue has the order in which copies were begun.
 */
final class GradientCore implements AutoCloseable {
  private final GradientSink sink;
  private final int maxBatch;
  private final int gradientBytes;
  private final long gradientsOffset;
  private final ResourceStack resources = new ResourceStack();
  private final Thread thread =
      Thread.ofPlatform().name("ember-gradients").daemon().unstarted(this::work);

  private final ReentrantLock submitting = new ReentrantLock(true);
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<DownloadSlot> free = new ArrayDeque<>();
  private final ArrayDeque<Push> queue = new ArrayDeque<>();
  private int callsInside;
  private boolean closed;
  private @Nullable Throwable broken;

  private record Push(DownloadSlot slot, int count, CompletableFuture<Void> done) {}

  private GradientCore(
      Store store,
      Accelerator accelerator,
      int maxBatch,
      int gradientBytes,
      int depth,
      GradientSink sink) {
    this.sink = sink;
    this.maxBatch = maxBatch;
    this.gradientBytes = gradientBytes;
    this.gradientsOffset = aligned((long) maxBatch * Long.BYTES);
    long slotBytes = gradientsOffset + aligned((long) maxBatch * gradientBytes);
    try {
      PinnedRegion region =
          resources.add(PinnedRegion.allocate(store, accelerator, slotBytes * depth));
      for (int i = 0; i < depth; i++) {
        MemorySegment memory = region.segment().asSlice(i * slotBytes, slotBytes);
        free.add(resources.add(accelerator.newDownloadSlot(memory)));
      }
    } catch (RuntimeException e) {
      throw resources.closeAfter(e);
    }
  }

  static GradientCore open(
      Store store,
      Accelerator accelerator,
      int maxBatch,
      int gradientBytes,
      int depth,
      GradientSink sink) {
    GradientCore core = new GradientCore(store, accelerator, maxBatch, gradientBytes, depth, sink);
    core.thread.start();
    return core;
  }

  private static long aligned(long bytes) {
    return Math.ceilDiv(bytes, SlotLayout.ALIGNMENT) * SlotLayout.ALIGNMENT;
  }

  CompletableFuture<Void> push(MemorySegment keys, long gradients, long stream)
      throws InterruptedException {
    long count = keys.byteSize() / Long.BYTES;
    if (keys.byteSize() % Long.BYTES != 0 || count < 1 || count > maxBatch) {
      throw new IllegalArgumentException(
          "keys has %d bytes; a batch is 1 to %d ids of 8 bytes"
              .formatted(keys.byteSize(), maxBatch));
    }
    submitting.lockInterruptibly();
    try {
      DownloadSlot slot = claim();
      Push push = new Push(slot, (int) count, new CompletableFuture<>());
      boolean begun = false;
      try {
        MemorySegment.copy(keys, 0, slot.memory(), 0, keys.byteSize());
        slot.download(gradientsOffset, gradients, count * gradientBytes, stream);
        begun = true;
      } finally {
        leave(push, begun);
      }
      return push.done;
    } finally {
      submitting.unlock();
    }
  }

  private DownloadSlot claim() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (true) {
        if (closed) {
          throw new IllegalStateException("the way back for gradients is closed");
        }
        if (broken != null) {
          throw new IllegalStateException("the device failed; close the way back", broken);
        }
        DownloadSlot slot = free.poll();
        if (slot != null) {
          callsInside++;
          return slot;
        }
        changed.await();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Queues a copy that was begun; else the place is free again. */
  private void leave(Push push, boolean begun) {
    Throwable failure = begun ? null : quiesce(push.slot);
    lock.lock();
    try {
      callsInside--;
      if (begun) {
        queue.add(push);
      } else {
        release(push.slot, failure);
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private static @Nullable Throwable quiesce(DownloadSlot slot) {
    try {
      slot.quiesce();
      return null;
    } catch (RuntimeException e) {
      return e;
    }
  }

  /** Frees a place; one that a copy may still write to stays out, and nothing is accepted more. */
  private void release(DownloadSlot slot, @Nullable Throwable failure) {
    if (failure == null) {
      free.add(slot);
    } else if (broken == null) {
      broken = failure;
    }
  }

  private void work() {
    for (Push push = next(); push != null; push = next()) {
      Throwable failure = apply(push);
      Throwable unsettled = failure == null ? null : quiesce(push.slot);
      lock.lock();
      try {
        release(push.slot, unsettled);
        changed.signalAll();
      } finally {
        lock.unlock();
      }
      if (failure == null) {
        push.done.complete(null);
      } else {
        push.done.completeExceptionally(failure);
      }
    }
  }

  /** Returns the next copy that was begun; null when the return is closed and all are pushed. */
  private @Nullable Push next() {
    lock.lock();
    try {
      while (queue.isEmpty()) {
        if (closed && callsInside == 0) {
          return null;
        }
        changed.awaitUninterruptibly();
      }
      return queue.poll();
    } finally {
      lock.unlock();
    }
  }

  private @Nullable Throwable apply(Push push) {
    try {
      push.slot.synchronize();
      MemorySegment memory = push.slot.memory();
      sink.push(
          memory.asSlice(0, (long) push.count * Long.BYTES).asReadOnly(),
          memory.asSlice(gradientsOffset, (long) push.count * gradientBytes));
      return null;
    } catch (RuntimeException | Error e) {
      return e;
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    resources.close();
  }
}

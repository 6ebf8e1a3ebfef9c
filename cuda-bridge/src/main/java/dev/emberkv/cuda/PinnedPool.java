package dev.emberkv.cuda;

import dev.emberkv.engine.Store;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Equal buffers of pinned memory, allocated once and counted under the memory budget of a store.
 *
 * <p>Thread-safe. The pool is bounded: who asks an empty one waits, or is told. Closing it is legal
 * in any state; buffers that are still lent are dead from then on, and an access to them throws. A
 * pool that is lost without being closed is given back by the garbage collector. It must be closed
 * before its store.
 */
public final class PinnedPool implements AutoCloseable {
  private static final long ALIGNMENT = SlotLayout.ALIGNMENT;

  private final long bufferBytes;
  private final int count;
  private final ArrayBlockingQueue<MemorySegment> free;
  private final Lifeline lifeline;

  private PinnedPool(PinnedRegion region, long bufferBytes, int count) {
    this.bufferBytes = bufferBytes;
    this.count = count;
    this.free = new ArrayBlockingQueue<>(count);
    long stride = stride(bufferBytes);
    for (int i = 0; i < count; i++) {
      free.add(region.segment().asSlice(i * stride, bufferBytes));
    }
    this.lifeline = Lifeline.of(this, "A pool of pinned memory", region, () -> {});
  }

  private static long stride(long bufferBytes) {
    return Math.ceilDiv(bufferBytes, ALIGNMENT) * ALIGNMENT;
  }

  /**
   * Allocates a pool.
   *
   * @param store whose budget it counts under
   * @param accelerator what the memory is pinned for
   * @param bufferBytes size of a buffer, at least 1
   * @param count how many, at least 1
   * @throws IllegalStateException when the budget has no such part left
   * @throws CudaException when the driver refuses
   */
  public static PinnedPool open(Store store, Accelerator accelerator, long bufferBytes, int count) {
    if (bufferBytes < 1 || count < 1) {
      throw new IllegalArgumentException(
          "bufferBytes and count must be at least 1, not %d and %d".formatted(bufferBytes, count));
    }
    long bytes = Math.multiplyExact(stride(bufferBytes), (long) count);
    return new PinnedPool(PinnedRegion.allocate(store, accelerator, bytes), bufferBytes, count);
  }

  /** Returns the size of a buffer. */
  public long bufferBytes() {
    return bufferBytes;
  }

  /** Returns how many buffers there are, lent ones included. */
  public int count() {
    return count;
  }

  /** Returns how many buffers are there to be lent. */
  public int available() {
    return free.size();
  }

  /**
   * Lends a buffer if there is one.
   *
   * @throws IllegalStateException when the pool is closed
   */
  public Optional<PinnedBuffer> tryAcquire() {
    requireOpen();
    return Optional.ofNullable(lend(free.poll()));
  }

  /**
   * Lends a buffer, and waits until there is one, but no longer than {@code timeout}.
   *
   * @throws IllegalStateException when the pool is closed
   */
  public Optional<PinnedBuffer> acquire(Duration timeout) throws InterruptedException {
    requireOpen();
    return Optional.ofNullable(lend(free.poll(timeout.toNanos(), TimeUnit.NANOSECONDS)));
  }

  private @Nullable PinnedBuffer lend(@Nullable MemorySegment segment) {
    return segment == null ? null : new PinnedBuffer(this, segment);
  }

  private void requireOpen() {
    if (lifeline.isClosed()) {
      throw new IllegalStateException("the pool is closed");
    }
  }

  void takeBack(MemorySegment segment) {
    free.add(segment);
  }

  @Override
  public void close() {
    lifeline.close();
  }
}

package dev.emberkv.cuda;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A buffer lent from a {@link PinnedPool}: a legal source or destination of a batch, and of copies
 * to and from a GPU, which sees it under the same address.
 *
 * <p>Belongs to one thread at a time. {@link #close} gives it back, after everything that was begun
 * with it has ended; doing it twice is fine.
 */
public final class PinnedBuffer implements AutoCloseable {
  private final PinnedPool pool;
  private final MemorySegment segment;
  private final AtomicBoolean closed = new AtomicBoolean();

  PinnedBuffer(PinnedPool pool, MemorySegment segment) {
    this.pool = pool;
    this.segment = segment;
  }

  /**
   * Returns the memory, aligned to 256 bytes. Its bytes are what the last borrower left. Access to
   * it throws once the pool is closed.
   *
   * @throws IllegalStateException when the buffer was given back
   */
  public MemorySegment segment() {
    if (closed.get()) {
      throw new IllegalStateException("the buffer was given back");
    }
    return segment;
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      pool.takeBack(segment);
    }
  }
}

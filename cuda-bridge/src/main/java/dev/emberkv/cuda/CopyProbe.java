package dev.emberkv.cuda;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Copies the same bytes to the device over and over: the limit that an upload is measured against.
 *
 * <p>Not thread-safe.
 */
public final class CopyProbe implements AutoCloseable {
  private final Accelerator accelerator;
  private final Buffers buffers;
  private final AtomicBoolean closed = new AtomicBoolean();

  /** What is copied between. */
  interface Buffers extends AutoCloseable {
    void copyPinned();

    void copyPageable();

    @Override
    void close();
  }

  private CopyProbe(Accelerator accelerator, Buffers buffers) {
    this.accelerator = accelerator;
    this.buffers = buffers;
  }

  /**
   * Allocates buffers.
   *
   * @param bytes of a copy
   * @throws CudaException when the driver refuses
   */
  public static CopyProbe open(Accelerator accelerator, long bytes) {
    accelerator.addUser();
    ResourceStack opened = new ResourceStack();
    opened.add(accelerator::removeUser);
    try {
      return new CopyProbe(accelerator, accelerator.newCopyBuffers(bytes));
    } catch (RuntimeException e) {
      throw opened.closeAfter(e);
    }
  }

  /**
   * Copies from pinned memory with an asynchronous copy and waits for it; on the host, with one
   * {@code memcpy}.
   */
  public void copyPinned() {
    buffers.copyPinned();
  }

  /** Copies from ordinary memory; on the host, with one {@code memcpy}. */
  public void copyPageable() {
    buffers.copyPageable();
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      ResourceStack all = new ResourceStack();
      all.add(accelerator::removeUser);
      all.add(buffers);
      all.close();
    }
  }
}

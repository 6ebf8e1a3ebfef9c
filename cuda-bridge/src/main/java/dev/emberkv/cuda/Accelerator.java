package dev.emberkv.cuda;

import dev.emberkv.uring.Finding;
import java.lang.foreign.MemorySegment;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where batches go: a GPU, or the host itself where there is none, with the same interface.
 *
 * <p>Thread-safe. Pools and pipelines keep the accelerator in use until they are closed themselves,
 * so the order of closing does not matter.
 */
public abstract sealed class Accelerator implements AutoCloseable
    permits CudaAccelerator, HostAccelerator {
  private static final Logger LOGGER = LoggerFactory.getLogger(Accelerator.class);

  private int users = 1;
  private boolean closed;

  Accelerator() {}

  /**
   * Opens the first GPU that the process may use, or the host where there is none; the log then
   * says why.
   *
   * @throws CudaException when there is a GPU and it fails
   */
  public static Accelerator open() {
    Finding finding = CudaProbe.run();
    if (finding.ok()) {
      return gpu(0);
    }
    LOGGER.info("Batches stay in host memory: {}", finding.detail());
    return host();
  }

  /**
   * Opens a GPU.
   *
   * @param ordinal its number among the {@link CudaDriver#devices} that the process may use, from 0
   * @throws IllegalStateException when no driver is installed, or the GPU is too old
   * @throws CudaException when the driver refuses
   */
  public static Accelerator gpu(int ordinal) {
    return CudaAccelerator.open(CudaDriver.open(), ordinal);
  }

  /** Opens the host: batches are gathered straight to where they are used. */
  public static Accelerator host() {
    return new HostAccelerator();
  }

  /** Returns whether batches go to a GPU. */
  public abstract boolean isGpu();

  /** Returns in words where batches go, for reports. */
  public abstract String description();

  /** Returns the GPU's number, or -1 for the host. */
  abstract int ordinal();

  /** Allocates host memory that is copied from and to fast. */
  abstract PinnedMemory allocatePinned(long bytes);

  /** Frees it. */
  abstract void free(PinnedMemory memory);

  /**
   * Makes a place for batches.
   *
   * @param memory host memory of the layout's size
   * @param shareable whether its batches can be given to other processes
   */
  abstract UploadSlot newUploadSlot(SlotLayout layout, MemorySegment memory, boolean shareable);

  /** Makes a place for what comes back from the device. */
  abstract DownloadSlot newDownloadSlot(MemorySegment memory);

  /** Makes a pair of equal buffers to copy between. */
  abstract CopyProbe.Buffers newCopyBuffers(long bytes);

  /** Waits until nothing is under way on the device. */
  abstract void synchronize();

  /** Gives back what the last user leaves. */
  abstract void dispose();

  /** Counts one more user; each calls {@link #removeUser} once. */
  final synchronized void addUser() {
    if (closed) {
      throw new IllegalStateException("the accelerator is closed");
    }
    users++;
  }

  /** Ends a use. */
  final void removeUser() {
    boolean last;
    synchronized (this) {
      last = --users == 0;
    }
    if (last) {
      dispose();
    }
  }

  /** Ends the caller's use; doing it twice is fine. */
  @Override
  public final void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    removeUser();
  }
}

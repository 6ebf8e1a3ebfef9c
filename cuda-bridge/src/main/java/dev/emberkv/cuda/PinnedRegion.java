package dev.emberkv.cuda;

import dev.emberkv.engine.MemoryReservation;
import dev.emberkv.engine.Store;
import java.lang.foreign.MemorySegment;

/**
 * One piece of pinned memory, under the budget of a store.
 *
 * <p>Thread-safe but for {@link #close}.
 */
final class PinnedRegion implements AutoCloseable {
  private final ResourceStack resources = new ResourceStack();
  private final MemorySegment segment;

  private PinnedRegion(Store store, Accelerator accelerator, long bytes) {
    accelerator.addUser();
    resources.add(accelerator::removeUser);
    try {
      MemoryReservation reservation = store.reserveMemory(bytes);
      resources.add(reservation);
      PinnedMemory memory = accelerator.allocatePinned(bytes);
      resources.add(() -> accelerator.free(memory));
      this.segment = memory.segment();
    } catch (RuntimeException e) {
      throw resources.closeAfter(e);
    }
  }

  /**
   * Allocates.
   *
   * @throws IllegalStateException when the store's budget has no such part left
   * @throws CudaException when the driver refuses
   */
  static PinnedRegion allocate(Store store, Accelerator accelerator, long bytes) {
    return new PinnedRegion(store, accelerator, bytes);
  }

  /** Returns the memory; every access throws once it is closed. */
  MemorySegment segment() {
    return segment;
  }

  @Override
  public void close() {
    resources.close();
  }
}

package dev.emberkv.cuda;

import dev.emberkv.engine.Store;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.concurrent.CompletableFuture;

/**
 * Brings gradients back: from device memory into pinned memory, in the background, and from there
 * to a {@link GradientSink}.
 *
 * <p>Batches are pushed one after the other, in the order of the calls. There are never more under
 * way than the return has places; who comes when all are taken waits. The pinned memory counts
 * under the store's memory budget.
 *
 * <p>Thread-safe. It must be closed before its store. One that is lost without being closed is
 * given back by the garbage collector, after what was accepted was pushed.
 */
public final class GradientReturn implements AutoCloseable {
  private final GradientCore core;
  private final Lifeline lifeline;

  private GradientReturn(GradientCore core) {
    this.core = core;
    this.lifeline = Lifeline.of(this, "A way back for gradients", core, () -> {});
  }

  /**
   * Opens a way back.
   *
   * @param store whose budget the pinned memory counts under
   * @param accelerator where the gradients come from; may be closed earlier
   * @param maxBatch the most gradients of a batch, at least 1
   * @param gradientBytes width of one, at least 1
   * @param depth batches under way, 1 to {@link PrefetchOptions#MAX_DEPTH}
   * @param sink called on the return's own thread; must not refer to the return itself
   */
  public static GradientReturn open(
      Store store,
      Accelerator accelerator,
      int maxBatch,
      int gradientBytes,
      int depth,
      GradientSink sink) {
    if (maxBatch < 1
        || maxBatch > PrefetchOptions.MAX_BATCH
        || gradientBytes < 1
        || depth < 1
        || depth > PrefetchOptions.MAX_DEPTH) {
      throw new IllegalArgumentException(
          "maxBatch %d, gradientBytes %d or depth %d is out of range"
              .formatted(maxBatch, gradientBytes, depth));
    }
    return new GradientReturn(
        GradientCore.open(store, accelerator, maxBatch, gradientBytes, depth, sink));
  }

  /**
   * Sends a batch of gradients back, and waits until there is a place for it.
   *
   * <p>The copy begins when all is done that is in {@code stream} now, and what is put there later
   * waits for the copy: the gradients' memory may be overwritten by work in that stream without
   * further ado.
   *
   * @param keys n packed ids, copied before the call returns
   * @param gradients device address of n packed gradients
   * @param stream the {@code CUstream} that computes them, 0 for the default stream; without a GPU
   *     the gradients are copied before the call returns
   * @return done when the sink has applied the batch, or failed with what went wrong
   * @throws IllegalArgumentException when {@code keys} is not whole ids, or too many
   * @throws IllegalStateException when the return is closed, or its device has failed
   * @throws CudaException when the copy can't be begun; nothing is pushed then
   */
  public CompletableFuture<Void> push(MemorySegment keys, long gradients, long stream)
      throws InterruptedException {
    try {
      return core.push(keys, gradients, stream);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  /** Pushes what was accepted, and frees the memory. Doing it twice is fine. */
  @Override
  public void close() {
    lifeline.close();
  }
}

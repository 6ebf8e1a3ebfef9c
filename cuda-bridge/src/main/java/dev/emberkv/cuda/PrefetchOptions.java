package dev.emberkv.cuda;

/**
 * How to open a {@link PrefetchPipeline}.
 *
 * @param maxBatch the most ids of a batch, 1 to {@link #MAX_BATCH}
 * @param depth how many batches there can be at a time, from submission until the consumer gives
 *     them back: 2 and more let gather, copy and the consumer's work overlap
 * @param gatherThreads threads that look rows up, at most {@code depth}
 * @param layout how rows lie in device memory
 * @param shareable whether batches can be given to other processes; wants a GPU
 */
public record PrefetchOptions(
    int maxBatch, int depth, int gatherThreads, BatchLayout layout, boolean shareable) {
  /** The largest batch. */
  public static final int MAX_BATCH = 1 << 24;

  /** The deepest pipeline. */
  public static final int MAX_DEPTH = 64;

  /** Checks the ranges. */
  public PrefetchOptions {
    requireRange("maxBatch", maxBatch, MAX_BATCH);
    requireRange("depth", depth, MAX_DEPTH);
    requireRange("gatherThreads", gatherThreads, depth);
  }

  private static void requireRange(String name, int value, int most) {
    if (value < 1 || value > most) {
      throw new IllegalArgumentException(
          "%s must be in 1..%d, not %d".formatted(name, most, value));
    }
  }

  /**
   * Returns the defaults: four batches at a time, one gathering thread, a row per id in the order
   * of the ids, each different one uploaded once.
   */
  public static PrefetchOptions of(int maxBatch) {
    return new PrefetchOptions(maxBatch, 4, 1, BatchLayout.EXPANDED, false);
  }

  /** Returns a copy with another depth, and no more gathering threads than that. */
  public PrefetchOptions withDepth(int newDepth) {
    return new PrefetchOptions(
        maxBatch, newDepth, Math.min(gatherThreads, newDepth), layout, shareable);
  }

  /** Returns a copy with another number of gathering threads. */
  public PrefetchOptions withGatherThreads(int threads) {
    return new PrefetchOptions(maxBatch, depth, threads, layout, shareable);
  }

  /** Returns a copy with another layout. */
  public PrefetchOptions withLayout(BatchLayout newLayout) {
    return new PrefetchOptions(maxBatch, depth, gatherThreads, newLayout, shareable);
  }

  /** Returns a copy whose batches can be given to other processes, or not. */
  public PrefetchOptions withShareable(boolean newShareable) {
    return new PrefetchOptions(maxBatch, depth, gatherThreads, layout, newShareable);
  }
}

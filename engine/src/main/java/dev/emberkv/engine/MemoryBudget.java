package dev.emberkv.engine;

import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongSupplier;

/**
 * Who takes what of the one memory budget: fixed parts, the indexes as they grow, and slabs from
 * the rest.
 *
 * <p>Thread-safe.
 */
final class MemoryBudget {
  /** Slabs come with one reference byte per 64 bytes. */
  private static final long SLAB_SHARE = 64;

  private static final long SLAB_WITH_REFERENCES = 65;

  private final long limitBytes;
  private final long fixedBytes;
  private final CopyOnWriteArrayList<LongSupplier> indexes = new CopyOnWriteArrayList<>();

  MemoryBudget(long limitBytes, long fixedBytes) {
    if (fixedBytes > limitBytes / 2) {
      throw new IllegalArgumentException(
          "a budget of %d bytes is too small: buffers alone take %d"
              .formatted(limitBytes, fixedBytes));
    }
    this.limitBytes = limitBytes;
    this.fixedBytes = fixedBytes;
  }

  /** Counts an index from now on. */
  void add(LongSupplier indexBytes) {
    indexes.add(indexBytes);
  }

  /** No longer counts an index. */
  void remove(LongSupplier indexBytes) {
    indexes.remove(indexBytes);
  }

  long indexBytes() {
    long sum = 0;
    for (LongSupplier index : indexes) {
      sum += index.getAsLong();
    }
    return sum;
  }

  long fixedBytes() {
    return fixedBytes;
  }

  long limitBytes() {
    return limitBytes;
  }

  /** Returns what slabs may take while the indexes are empty. */
  long maxSlabBytes() {
    return Math.max(SlabPool.SLAB_BYTES, slabShareOf(limitBytes - fixedBytes));
  }

  /** Returns what slabs may take now; one slab is always left, whatever the indexes took. */
  long slabBytes() {
    return Math.max(SlabPool.SLAB_BYTES, slabShareOf(limitBytes - fixedBytes - indexBytes()));
  }

  private static long slabShareOf(long bytes) {
    return Math.max(0, bytes) / SLAB_WITH_REFERENCES * SLAB_SHARE;
  }
}

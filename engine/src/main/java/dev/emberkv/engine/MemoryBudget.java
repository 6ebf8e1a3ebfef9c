package dev.emberkv.engine;

import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Who takes what of the one memory budget: fixed parts, parts reserved by the store's users, the
 * indexes as they grow, and slabs from the rest.
 *
 * <p>Thread-safe.
 */
final class MemoryBudget {
  /** Slabs come with their {@link UseCounts}. */
  private static final long SLAB_SHARE = UseCounts.BYTES_PER_COUNT;

  private static final long SLAB_WITH_COUNTS = SLAB_SHARE + 1;

  private final long limitBytes;
  private final long fixedBytes;
  private final CopyOnWriteArrayList<LongSupplier> indexes = new CopyOnWriteArrayList<>();
  private final AtomicLong reservedBytes = new AtomicLong();

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

  /**
   * Takes a part for a user of the store.
   *
   * @throws IllegalStateException when that would leave less than half of the budget for the store,
   *     or no slab beside the indexes
   */
  void reserve(long bytes) {
    long most =
        Math.min(
            limitBytes / 2 - fixedBytes,
            limitBytes - fixedBytes - indexBytes() - SlabPool.SLAB_BYTES);
    while (true) {
      long before = reservedBytes.get();
      if (bytes > most - before) {
        throw new IllegalStateException(
            "%d bytes can't be reserved: of a budget of %d bytes, %d are left to users of the store"
                .formatted(bytes, limitBytes, Math.max(0, most - before)));
      }
      if (reservedBytes.compareAndSet(before, before + bytes)) {
        return;
      }
    }
  }

  /** Gives back what {@link #reserve} took. */
  void release(long bytes) {
    reservedBytes.addAndGet(-bytes);
  }

  long reservedBytes() {
    return reservedBytes.get();
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

  /** Returns what slabs may take while the indexes are empty and nothing is reserved. */
  long maxSlabBytes() {
    return Math.max(SlabPool.SLAB_BYTES, slabShareOf(limitBytes - fixedBytes));
  }

  /** Returns what slabs may take now; one slab is always left, whatever the indexes took. */
  long slabBytes() {
    return Math.max(
        SlabPool.SLAB_BYTES, slabShareOf(limitBytes - fixedBytes - reservedBytes() - indexBytes()));
  }

  private static long slabShareOf(long bytes) {
    return Math.max(0, bytes) / SLAB_WITH_COUNTS * SLAB_SHARE;
  }
}

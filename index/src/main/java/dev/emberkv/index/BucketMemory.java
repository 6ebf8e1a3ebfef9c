package dev.emberkv.index;

import dev.emberkv.uring.NativeMemory;
import java.util.ArrayList;
import java.util.List;

/**
 * Address space for the bucket arrays of one index, reserved in chunks of several arrays.
 *
 * <p>Arrays are never unmapped before {@link #close}, so a reader that holds the address of an old
 * one reads zeros at worst. Chunks keep the number of mappings low: an index that grows from one
 * page to 100 GB makes some 170 arrays, and a process may have 65,530 mappings.
 *
 * <p>Arrays of {@link #HUGE_FROM_BYTES} or more are on huge pages. Below that, the few huge pages
 * that a growing array has touched beyond its need would cost more than the bytes per key that the
 * index promises.
 *
 * <p>Not thread-safe; owned by the holder of the {@linkplain Directory growth lock}.
 */
final class BucketMemory implements AutoCloseable {
  static final long SMALL_PAGE_BYTES = 4096;
  static final long HUGE_FROM_BYTES = 128L << 20;

  private static final int ARRAYS_PER_CHUNK = 4;

  private final List<NativeMemory> chunks = new ArrayList<>();
  private boolean lastIsHuge;
  private long lastUsedBytes;

  /** Makes an array of zeros for a geometry; nothing of it is touched yet. */
  BucketArray allocate(Geometry geometry) {
    long needed = geometry.buckets() << Bucket.SHIFT;
    boolean huge = needed >= HUGE_FROM_BYTES;
    long page = huge ? NativeMemory.HUGE_PAGE_BYTES : SMALL_PAGE_BYTES;
    long rounded = Math.ceilDiv(needed, page) * page;
    if (chunks.isEmpty()
        || huge != lastIsHuge
        || rounded > chunks.getLast().sizeBytes() - lastUsedBytes) {
      long size = rounded * ARRAYS_PER_CHUNK;
      chunks.add(huge ? NativeMemory.reserve(size) : NativeMemory.reserveSmallPages(size));
      lastIsHuge = huge;
      lastUsedBytes = 0;
    }
    BucketArray array = new BucketArray(geometry, chunks.getLast(), lastUsedBytes, page);
    lastUsedBytes += rounded;
    return array;
  }

  /** Unmaps all arrays. */
  @Override
  public void close() {
    chunks.forEach(NativeMemory::close);
    chunks.clear();
  }
}

package dev.emberkv.index;

import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;

/**
 * One array of buckets in native memory: initialized from its front while it is filled, given back
 * from its front while it is emptied.
 *
 * <p>The geometry and the address are immutable and read by all threads; the two marks belong to
 * the holder of the {@linkplain Directory growth lock}.
 */
final class BucketArray {
  private static final long RELEASE_PIECE_BYTES = 64 << 10;

  final Geometry geometry;
  final long address;

  /** The number of entries at which the next array is begun. */
  final long growAtSize;

  private final NativeMemory memory;
  private final long offset;
  private final long pageBytes;
  private final long sizeBytes;
  private long initializedHomes;
  private long releasedBytes;

  BucketArray(Geometry geometry, NativeMemory memory, long offset, long pageBytes) {
    this.geometry = geometry;
    this.memory = memory;
    this.offset = offset;
    this.pageBytes = pageBytes;
    this.address = memory.address() + offset;
    this.growAtSize = (long) (geometry.homes() * Bucket.SLOTS * Directory.GROWTH_LOAD);
    this.sizeBytes = roundUp(geometry.buckets() << Bucket.SHIFT);
  }

  /** Returns the address of the home bucket of a hash. */
  long homeOf(long hash) {
    return addressOf(geometry.homeOf(hash));
  }

  long addressOf(long bucket) {
    return address + (bucket << Bucket.SHIFT);
  }

  /** Returns the number of the bucket at an address in this array. */
  long bucketAt(long bucketAddress) {
    return (bucketAddress - address) >>> Bucket.SHIFT;
  }

  boolean contains(long bucketAddress) {
    return bucketAddress >= address && bucketAddress < address + sizeBytes;
  }

  /** Gives all homes up to and including {@code home} a header. */
  void initializeThrough(long home) {
    long header = Bucket.emptyHeader(geometry.tagBase());
    for (; initializedHomes <= home; initializedHomes++) {
      RawMemory.putLongOpaque(addressOf(initializedHomes), header);
    }
  }

  /**
   * Gives back memory before bucket {@code front}, but for the last piece: a thread that has just
   * seen the header of a home that is now moved may still try to lock it, and that write would
   * bring its page back.
   */
  void releaseBefore(long front) {
    long piece = Math.max(pageBytes, RELEASE_PIECE_BYTES);
    long done = (front << Bucket.SHIFT) - piece;
    if (done - releasedBytes >= piece) {
      releaseTo(done / piece * piece);
    }
  }

  /** Gives back all of the array's memory that is not given back yet. */
  void releaseAll() {
    releaseTo(sizeBytes);
  }

  private void releaseTo(long endBytes) {
    memory.release(offset + releasedBytes, endBytes - releasedBytes);
    releasedBytes = endBytes;
  }

  /** Returns the physical memory that the array takes; the caller holds the growth lock. */
  long touchedBytes() {
    boolean full = initializedHomes == geometry.homes();
    return (full ? sizeBytes : roundUp(initializedHomes << Bucket.SHIFT)) - releasedBytes;
  }

  private long roundUp(long bytes) {
    return Math.ceilDiv(bytes, pageBytes) * pageBytes;
  }
}

package dev.emberkv.index;

import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;
import org.jspecify.annotations.Nullable;

/**
 * One array of buckets in native memory: initialized from its front while it is filled, given back
 * from its front while it is emptied.
 *
 * <p>The first touch of a huge page takes 0.1 ms where the machine has it at hand and was measured
 * at 4.5 ms in a virtual machine whose host provides memory on demand. Hence a thread touches them
 * ahead of the migration, which waits for them: {@link #prepare}.
 *
 * <p>The geometry and the address are immutable and read by all threads; the rest belongs to the
 * holder of the {@linkplain Directory growth lock}, but for {@code readyBytes}, which the touching
 * thread advances (volatile).
 */
final class BucketArray {
  private static final long MAX_SLACK_BYTES = 64 << 10;

  /** An array is given back in at least this many pieces. */
  private static final int RELEASE_PIECES = 64;

  final Geometry geometry;
  final long address;

  /** The number of entries at which the next array is begun. */
  final long growAtSize;

  /** The number of entries from which on growing does not wait for anything. */
  final long urgentSize;

  private final NativeMemory memory;
  private final long offset;
  private final long pageBytes;
  private final long sizeBytes;
  private long initializedHomes;
  private long releasedBytes;
  private volatile long readyBytes;
  private @Nullable Thread toucher;

  BucketArray(Geometry geometry, NativeMemory memory, long offset, long pageBytes) {
    this.geometry = geometry;
    this.memory = memory;
    this.offset = offset;
    this.pageBytes = pageBytes;
    this.address = memory.address() + offset;
    long capacity = geometry.homes() * Bucket.SLOTS;
    this.growAtSize = (long) (capacity * Directory.GROWTH_LOAD);
    this.urgentSize = (long) (capacity * Directory.URGENT_LOAD);
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

  /**
   * Has the huge pages touched that homes up to and including {@code home} and the entries behind
   * them need, and the next one in time.
   *
   * @return whether the ones that are needed are; always true for an array of small pages
   */
  boolean prepare(long home) {
    if (pageBytes == BucketMemory.SMALL_PAGE_BYTES) {
      return true;
    }
    long ready = readyBytes;
    long needed = (home + 1 + Geometry.MAX_DISPLACEMENT) << Bucket.SHIFT;
    long wanted = Math.min(sizeBytes, roundUp(needed + pageBytes / 2));
    if (ready < wanted && (toucher == null || !toucher.isAlive())) {
      toucher =
          Thread.ofPlatform().daemon().name("emberkv-index-pages").start(() -> touchTo(wanted));
    }
    return needed <= ready;
  }

  /** Writes to each page without a change to what is in it. */
  private void touchTo(long endBytes) {
    for (long at = readyBytes; at < endBytes; at += pageBytes) {
      RawMemory.compareAndSetLong(address + at, 0, 0);
      readyBytes = at + pageBytes;
    }
  }

  /** Waits until no thread touches pages any more. */
  void settle() {
    Thread running = toucher;
    boolean interrupted = false;
    while (running != null && running.isAlive()) {
      try {
        running.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Gives all homes up to and including {@code home} a header. */
  void initializeThrough(long home) {
    long header = Bucket.emptyHeader(geometry.tagBase());
    for (; initializedHomes <= home; initializedHomes++) {
      RawMemory.putLongOpaque(addressOf(initializedHomes), header);
    }
  }

  /**
   * Gives back memory before bucket {@code front}, but for a little: a thread that has just seen
   * the header of a home that is now moved may still try to lock it, and that write would bring its
   * page back.
   */
  void releaseBefore(long front) {
    long slack = Math.min(MAX_SLACK_BYTES, roundUp(sizeBytes / RELEASE_PIECES));
    long piece = Math.max(slack, pageBytes);
    long done = (front << Bucket.SHIFT) - slack;
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
    long touched = full ? sizeBytes : roundUp(initializedHomes << Bucket.SHIFT);
    return Math.max(touched, readyBytes) - releasedBytes;
  }

  private long roundUp(long bytes) {
    return Math.ceilDiv(bytes, pageBytes) * pageBytes;
  }
}

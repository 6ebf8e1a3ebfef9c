package dev.emberkv.uring;

import java.lang.foreign.MemorySegment;

/**
 * A private anonymous mapping, aligned to 2 MiB, that takes physical memory on first touch.
 *
 * <p>Huge pages are advised when it is mapped, before anything touches it: an {@code Arena} zeroes
 * what it allocates, so its memory is on 4 KiB pages by the time it could be advised.
 *
 * <p>Thread-safe but for {@link #close}: the owner closes it when no thread can hold an address of
 * it any more.
 */
public final class NativeMemory implements AutoCloseable {
  /** Size and alignment of a huge page on the supported platforms. */
  public static final long HUGE_PAGE_BYTES = 2L << 20;

  private static final long SMALL_PAGE_BYTES = 4096;

  private final long address;
  private final long sizeBytes;
  private boolean closed;

  private NativeMemory(long address, long sizeBytes) {
    this.address = address;
    this.sizeBytes = sizeBytes;
  }

  /**
   * Reserves address space. Nothing is committed: physical memory comes with the first touch of
   * each page and goes with {@link #release}.
   *
   * @param sizeBytes at least 1; rounded up to whole huge pages
   * @throws IoFailure when the system has no such range
   */
  public static NativeMemory reserve(long sizeBytes) {
    NativeMemory memory = map(sizeBytes, HUGE_PAGE_BYTES);
    MemoryCalls.adviseHugePages(memory.address, memory.sizeBytes);
    return memory;
  }

  /**
   * Reserves address space whose first touches take 4 KiB each, also where the system hands out
   * huge pages unasked: for many small structures, each of which would round up to 2 MiB.
   *
   * @param sizeBytes at least 1; rounded up to whole small pages
   * @throws IoFailure when the system has no such range
   */
  public static NativeMemory reserveSmallPages(long sizeBytes) {
    NativeMemory memory = map(sizeBytes, SMALL_PAGE_BYTES);
    MemoryCalls.adviseSmallPages(memory.address, memory.sizeBytes);
    return memory;
  }

  private static NativeMemory map(long sizeBytes, long pageBytes) {
    if (sizeBytes <= 0) {
      throw new IllegalArgumentException("sizeBytes must be at least 1, not " + sizeBytes);
    }
    long rounded = Math.ceilDiv(sizeBytes, pageBytes) * pageBytes;
    return new NativeMemory(MemoryCalls.mapAligned(rounded, HUGE_PAGE_BYTES), rounded);
  }

  /** Returns the absolute address of the first byte. */
  public long address() {
    return address;
  }

  /** Returns the size in bytes, whole pages of the kind that was asked for. */
  public long sizeBytes() {
    return sizeBytes;
  }

  /** Returns the mapping as a segment that must not be used after {@link #close}. */
  public MemorySegment segment() {
    return RawMemory.all().asSlice(address, sizeBytes);
  }

  /**
   * Gives the physical memory of a range back; it stays mapped and reads as zeros.
   *
   * @param offset bytes from the start, a multiple of 4096
   * @param lengthBytes a multiple of 4096
   */
  public void release(long offset, long lengthBytes) {
    if (offset < 0 || lengthBytes < 0 || offset > sizeBytes - lengthBytes) {
      throw new IndexOutOfBoundsException(
          "range %d + %d is not in 0..%d".formatted(offset, lengthBytes, sizeBytes));
    }
    MemoryCalls.discard(address + offset, lengthBytes);
  }

  /** Unmaps the range. An access to it from then on ends the process. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      MemoryCalls.unmap(address, sizeBytes);
    }
  }
}

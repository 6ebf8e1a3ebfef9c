package dev.emberkv.uring;

import org.jspecify.annotations.Nullable;

/**
 * The memory registered with one ring: pinned once, instead of for each transfer.
 *
 * <p>Immutable. Where the kernel refuses (most often the memlock limit), no address is inside and
 * every transfer is a plain one.
 */
final class FixedBuffers {
  /** The most that the kernel takes as one registered buffer. */
  static final long MAX_BUFFER_BYTES = 1L << 30;

  /** What {@link #indexOf} returns for memory that is not registered. */
  static final int NONE = -1;

  private final long base;
  private final long sizeBytes;
  private final int errno;

  private FixedBuffers(long base, long sizeBytes, int errno) {
    this.base = base;
    this.sizeBytes = sizeBytes;
    this.errno = errno;
  }

  static FixedBuffers register(Ring ring, @Nullable NativeMemory memory) {
    if (memory == null) {
      return new FixedBuffers(0, 0, 0);
    }
    int result = ring.registerBuffers(memory.address(), memory.sizeBytes(), MAX_BUFFER_BYTES);
    return result == 0
        ? new FixedBuffers(memory.address(), memory.sizeBytes(), 0)
        : new FixedBuffers(0, 0, -result);
  }

  /** Returns why the memory could not be registered, or 0. */
  int errno() {
    return errno;
  }

  /** Returns the registered buffer that holds the whole range, or {@link #NONE}. */
  int indexOf(long address, int lengthBytes) {
    long offset = address - base;
    if (offset < 0 || offset > sizeBytes - lengthBytes) {
      return NONE;
    }
    long first = offset / MAX_BUFFER_BYTES;
    long last = (offset + lengthBytes - 1) / MAX_BUFFER_BYTES;
    return first == last ? (int) first : NONE;
  }
}

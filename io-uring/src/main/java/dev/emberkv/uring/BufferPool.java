package dev.emberkv.uring;

/**
 * Equal buffers cut from one piece of native memory, handed out and taken back in constant time.
 *
 * <p>Not thread-safe: it belongs to the thread that owns the queue which it feeds. The pool is
 * bounded by its memory; when it is empty {@link #acquire} says so and never waits.
 */
public final class BufferPool {
  /** What {@link #acquire} returns when every buffer is taken. */
  public static final long NONE = 0;

  private final long base;
  private final int bufferBytes;
  private final int capacity;

  /** Indexes of the free buffers; the last returned one, still in the CPU's cache, goes first. */
  private final int[] free;

  /** One flag per buffer, so that a buffer returned twice is noticed at once. */
  private final boolean[] taken;

  private int available;

  /**
   * Cuts the whole of a mapping into buffers.
   *
   * @param memory what to cut; it must outlive the pool
   * @param bufferBytes a power of two from 512 to the memory's size, so that every buffer is
   *     aligned to its own size
   */
  public BufferPool(NativeMemory memory, int bufferBytes) {
    this(memory, bufferBytes, Math.toIntExact(memory.sizeBytes() / Math.max(bufferBytes, 1)));
  }

  /**
   * Cuts the front of a mapping into {@code count} buffers.
   *
   * @param count at least 1
   */
  public BufferPool(NativeMemory memory, int bufferBytes, int count) {
    if (bufferBytes < 512 || Integer.bitCount(bufferBytes) != 1) {
      throw new IllegalArgumentException(
          "bufferBytes must be a power of two from 512, not " + bufferBytes);
    }
    if (count < 1 || (long) count * bufferBytes > memory.sizeBytes()) {
      throw new IllegalArgumentException(
          "count must be 1 to %d (%d bytes of memory), not %d"
              .formatted(memory.sizeBytes() / bufferBytes, memory.sizeBytes(), count));
    }
    this.base = memory.address();
    this.bufferBytes = bufferBytes;
    this.capacity = count;
    this.free = new int[count];
    this.taken = new boolean[count];
    reclaimAll();
  }

  /** Returns the address of a free buffer, or {@link #NONE}. Its bytes are what they were. */
  public long acquire() {
    if (available == 0) {
      return NONE;
    }
    int index = free[--available];
    taken[index] = true;
    return base + (long) index * bufferBytes;
  }

  /**
   * Takes a buffer back.
   *
   * @throws IllegalArgumentException when the address is not one of a buffer that is out
   */
  public void release(long address) {
    long index = (address - base) / bufferBytes;
    if (address < base
        || index >= capacity
        || (address - base) % bufferBytes != 0
        || !taken[(int) index]) {
      throw new IllegalArgumentException(
          "0x%x is not a buffer that this pool handed out".formatted(address));
    }
    taken[(int) index] = false;
    free[available++] = (int) index;
  }

  /** Takes all buffers back, whoever holds them. */
  public void reclaimAll() {
    available = capacity;
    for (int i = 0; i < capacity; i++) {
      free[i] = capacity - 1 - i;
      taken[i] = false;
    }
  }

  /** Returns how many buffers can be acquired now. */
  public int available() {
    return available;
  }

  /** Returns how many buffers there are. */
  public int capacity() {
    return capacity;
  }

  /** Returns the size of each buffer, which is its alignment too. */
  public int bufferBytes() {
    return bufferBytes;
  }
}

package dev.emberkv.engine;

import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;

/**
 * How often each resident row was used: one byte per 64 bytes of slab, of which a slot has the one
 * at its start.
 *
 * <pre>
 *   0 000 ffff   an ordinary row that was used f times lately, at most 15
 *   1 eee 111t   a row in its class's window: it came with the estimate e, at most 6, and t tells
 *                whether it was used since
 *   1 111 111t   a pinned row: nothing evicts it while t is 0
 * </pre>
 *
 * <p>All three count a use in the same way: the byte is raised by one unless its low four bits are
 * set. So a reader does not ask what kind of row it has, and uses that come in a burst, while the
 * row is in the window, count once (the correlated references of 2Q: T. Johnson, D. Shasha, VLDB
 * 1994).
 *
 * <p>Thread-safe, and racy on purpose: plain loads and stores, without a lock or a barrier on the
 * read path. A lost race makes a row look used once more or less often, or ends its stay in the
 * window or its pin early; it can't pin a row, because no use leads to that state. The counts stand
 * apart from the slots because a late one inside a slot could land in the middle of a row once the
 * slab belongs to another class.
 */
final class UseCounts implements AutoCloseable {
  /** One byte stands for so many bytes of slab. */
  static final int BYTES_PER_COUNT = 64;

  /** The highest number of uses that is told apart. */
  static final int MAX_FREQUENCY = 15;

  private static final int COUNT_SHIFT = 6;
  private static final int LOW = 15;
  private static final int WINDOW = 0x8e;
  private static final int ESTIMATE_SHIFT = 4;
  private static final int MAX_WINDOW_ESTIMATE = 6;
  private static final byte PINNED = (byte) 0xfe;
  private static final byte PINNED_AND_USED = (byte) 0xff;

  private static final long FLAGS = 0x8080808080808080L;
  private static final long HALVES = 0x0707070707070707L;

  private final NativeMemory counts;
  private final long slabs;

  /**
   * Makes counts of zero.
   *
   * @param slabsAddress where the slabs begin
   * @param slabBytes how long they are
   */
  UseCounts(long slabsAddress, long slabBytes) {
    this.counts = NativeMemory.reserve(slabBytes >>> COUNT_SHIFT);
    this.slabs = slabsAddress;
  }

  private long address(long slot) {
    return counts.address() + ((slot - slabs) >>> COUNT_SHIFT);
  }

  byte get(long slot) {
    return RawMemory.getByte(address(slot));
  }

  void set(long slot, byte use) {
    RawMemory.putByte(address(slot), use);
  }

  /** Counts a use. */
  void touch(long slot) {
    long address = address(slot);
    byte use = RawMemory.getByte(address);
    if ((use & LOW) != LOW) {
      RawMemory.putByte(address, (byte) (use + 1));
    }
  }

  /**
   * Halves the counts of the ordinary rows of a slab.
   *
   * @param slab address of the slab
   */
  void halve(long slab, long slabBytes) {
    long end = address(slab + slabBytes);
    for (long at = address(slab); at < end; at += Long.BYTES) {
      long uses = RawMemory.getLong(at);
      if (uses != 0) {
        long kept = ((uses & FLAGS) >>> 7) * 0xff;
        RawMemory.putLong(at, (uses & kept) | (uses >>> 1 & HALVES & ~kept));
      }
    }
  }

  /** Returns the byte of an ordinary row. */
  static byte ordinary(int frequency) {
    assert frequency >= 0 && frequency <= MAX_FREQUENCY;
    return (byte) frequency;
  }

  /** Returns the byte of a row that enters the window. */
  static byte window(int estimate) {
    return (byte) (WINDOW | Math.min(estimate, MAX_WINDOW_ESTIMATE) << ESTIMATE_SHIFT);
  }

  /** Returns the byte of a row that is to stay until it is used. */
  static byte pinned() {
    return PINNED;
  }

  static boolean isWindow(byte use) {
    return use < 0 && use < PINNED;
  }

  static boolean isPinned(byte use) {
    return use == PINNED;
  }

  /** Returns whether a row was pinned, and has been used since. */
  static boolean isPinnedAndUsed(byte use) {
    return use == PINNED_AND_USED;
  }

  /** Returns whether a row in the window was used since it came. */
  static boolean isUsedInWindow(byte use) {
    return isWindow(use) && (use & 1) != 0;
  }

  /** Returns how often a row was used, as far as that is known. */
  static int frequency(byte use) {
    return use >= 0 ? use & LOW : (use >>> ESTIMATE_SHIFT & 7) + (use & 1);
  }

  long memoryBytes() {
    return counts.sizeBytes();
  }

  @Override
  public void close() {
    counts.close();
  }
}

package dev.emberkv.uring;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * Loads and stores at absolute native addresses, with the memory modes that the index and the slab
 * pools need.
 *
 * <p>Hot paths hold addresses as {@code long}s, not as segments: an index entry is 64 bits wide and
 * has no room for an object. The price is that nothing checks the bounds, so only memory that stays
 * mapped for as long as any thread may hold its address (see {@link NativeMemory}) may be reached
 * this way. All values are little-endian, which is the only byte order that the store runs on.
 *
 * <p>Thread-safe: the class has no state; each method has the memory mode of its name.
 */
public final class RawMemory {
  /** The whole address space. A constant, so that the compiler folds its bounds and liveness. */
  private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  /** All bits that an address may have. Masking tells the compiler so, and it drops the checks. */
  private static final long SPACE_MASK = (1L << 56) - 1;

  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final VarHandle LONG_HANDLE = LONG.varHandle();

  private RawMemory() {}

  /** Returns the segment that spans all addresses; an offset in it is an absolute address. */
  public static MemorySegment all() {
    return ALL;
  }

  /**
   * Returns the address itself, in a form of which the compiler knows that it is one: it then drops
   * the bounds checks of what is loaded a little behind it.
   */
  public static long canonical(long address) {
    assert address > 0 && address <= SPACE_MASK : address;
    return address & SPACE_MASK;
  }

  /** Plain load of 8 bytes at an 8-byte aligned address. */
  public static long getLong(long address) {
    return getLong(address, 0);
  }

  /** Plain load of 8 bytes that begin {@code offset} behind an address and are 8-byte aligned. */
  public static long getLong(long address, int offset) {
    assert ((address + offset) & (Long.BYTES - 1)) == 0 : address + offset;
    return ALL.get(ValueLayout.JAVA_LONG_UNALIGNED, canonical(address) + offset);
  }

  /** Plain store of 8 bytes at an 8-byte aligned address. */
  public static void putLong(long address, long value) {
    assert (address & (Long.BYTES - 1)) == 0 : address;
    ALL.set(ValueLayout.JAVA_LONG_UNALIGNED, canonical(address), value);
  }

  /** Plain load of 4 bytes at any address. */
  public static int getInt(long address) {
    return getInt(address, 0);
  }

  /** Plain load of 4 bytes that begin {@code offset} behind an address. */
  public static int getInt(long address, int offset) {
    return ALL.get(INT, canonical(address) + offset);
  }

  /** Plain store of 4 bytes at any address. */
  public static void putInt(long address, int value) {
    ALL.set(INT, canonical(address), value);
  }

  /** Plain load of a binary32 at any address. */
  public static float getFloat(long address) {
    return ALL.get(FLOAT, canonical(address));
  }

  /** Plain store of a binary32 at any address. */
  public static void putFloat(long address, float value) {
    ALL.set(FLOAT, canonical(address), value);
  }

  /** Plain load of 2 bytes at any address. */
  public static short getShort(long address) {
    return getShort(address, 0);
  }

  /** Plain load of 2 bytes that begin {@code offset} behind an address. */
  public static short getShort(long address, int offset) {
    return ALL.get(SHORT, canonical(address) + offset);
  }

  /** Plain store of 2 bytes at any address. */
  public static void putShort(long address, short value) {
    ALL.set(SHORT, canonical(address), value);
  }

  /** Plain load of one byte. */
  public static byte getByte(long address) {
    return ALL.get(ValueLayout.JAVA_BYTE, canonical(address));
  }

  /** Plain store of one byte. */
  public static void putByte(long address, byte value) {
    ALL.set(ValueLayout.JAVA_BYTE, canonical(address), value);
  }

  /** Opaque load: never torn, never elided, unordered. */
  public static long getLongOpaque(long address) {
    return (long) LONG_HANDLE.getOpaque(ALL, canonical(address));
  }

  /** Opaque store: never torn, never elided, unordered. */
  public static void putLongOpaque(long address, long value) {
    LONG_HANDLE.setOpaque(ALL, canonical(address), value);
  }

  /** Acquire load; pairs with {@link #putLongRelease} or a compare-and-set of the same word. */
  public static long getLongAcquire(long address) {
    return (long) LONG_HANDLE.getAcquire(ALL, canonical(address));
  }

  /** Release store; pairs with {@link #getLongAcquire} of the same word. */
  public static void putLongRelease(long address, long value) {
    LONG_HANDLE.setRelease(ALL, canonical(address), value);
  }

  /** Volatile compare-and-set of 8 bytes at an 8-byte aligned address. */
  public static boolean compareAndSetLong(long address, long expected, long value) {
    return LONG_HANDLE.compareAndSet(ALL, canonical(address), expected, value);
  }

  /** Copies between two absolute ranges that do not overlap. */
  public static void copy(long source, long target, long lengthBytes) {
    if (suitsVectors(lengthBytes)) {
      WideCopy.copy(source, target, (int) lengthBytes);
    } else {
      MemorySegment.copy(ALL, source, ALL, target, lengthBytes);
    }
  }

  /** Copies from an absolute address into a segment. */
  public static void copy(long source, MemorySegment target, long targetOffset, long lengthBytes) {
    if (suitsVectors(lengthBytes)) {
      WideCopy.copy(source, target, targetOffset, (int) lengthBytes);
    } else {
      MemorySegment.copy(ALL, source, target, targetOffset, lengthBytes);
    }
  }

  /** Copies from a segment to an absolute address. */
  public static void copy(MemorySegment source, long sourceOffset, long target, long lengthBytes) {
    if (suitsVectors(lengthBytes)) {
      WideCopy.copy(source, sourceOffset, target, (int) lengthBytes);
    } else {
      MemorySegment.copy(source, sourceOffset, ALL, target, lengthBytes);
    }
  }

  private static boolean suitsVectors(long lengthBytes) {
    return Vectors.ENABLED && lengthBytes >= Vectors.BYTES && lengthBytes <= WideCopy.MAX_BYTES;
  }

  /** Sets {@code lengthBytes} bytes to zero. */
  public static void clear(long address, long lengthBytes) {
    ALL.asSlice(address, lengthBytes).fill((byte) 0);
  }

  /** Compares an absolute range with a range of a segment; true when all bytes are equal. */
  public static boolean equal(
      long address, MemorySegment other, long otherOffset, long lengthBytes) {
    return MemorySegment.mismatch(
            ALL, address, address + lengthBytes, other, otherOffset, otherOffset + lengthBytes)
        < 0;
  }
}

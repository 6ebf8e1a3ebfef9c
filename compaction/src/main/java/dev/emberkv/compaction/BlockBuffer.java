package dev.emberkv.compaction;

import static dev.emberkv.compaction.RecordFormat.PAGE_BYTES;

import dev.emberkv.uring.RawMemory;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * One write buffer: the image of a run of pages of a segment, from the first append to them until
 * they are on the device.
 *
 * <p>The filling side (all methods but {@link #read}) is owned by the lock of {@link
 * SegmentWriter}. Readers take no lock. They follow a sequence lock: {@code version} is odd while
 * the buffer changes what it maps. {@link #map} and {@link #unmap} store the odd version, then a
 * release fence, then the range and, later, the bytes; so a reader that copied any byte of a later
 * use finds another version behind its acquire fence, and drops its copy. {@link #publish} stores
 * the end with release after the bytes, and pairs with the acquire load of the end in {@link
 * #read}: what lies before the end is complete.
 */
final class BlockBuffer {
  private static final VarHandle VERSION;
  private static final VarHandle START;
  private static final VarHandle END;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      VERSION = lookup.findVarHandle(BlockBuffer.class, "version", int.class);
      START = lookup.findVarHandle(BlockBuffer.class, "startFileOffset", long.class);
      END = lookup.findVarHandle(BlockBuffer.class, "endFileOffset", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Space for the footers of segments that start or end in a buffer. */
  static final int SPARE_BYTES = 2 * PAGE_BYTES;

  private final long address;
  private final int capacityBytes;

  @SuppressWarnings("UnusedVariable") // through VERSION
  private int version;

  @SuppressWarnings("UnusedVariable") // through START
  private long startFileOffset;

  @SuppressWarnings("UnusedVariable") // through END
  private long endFileOffset;

  /** Bytes from the start that were handed over for writing. */
  private int handedBytes;

  /** Requests that were handed over and have not finished. */
  private int outstanding;

  /** Whether nothing more will be put in. */
  private boolean retired;

  /** Wraps {@code capacityBytes} bytes and {@link #SPARE_BYTES} behind them. */
  BlockBuffer(long address, int capacityBytes) {
    this.address = address;
    this.capacityBytes = capacityBytes;
  }

  /** Starts a use: an empty run at an offset of the volume. */
  void map(long fileOffset) {
    assert outstanding == 0 && !retired;
    change(fileOffset);
    handedBytes = 0;
  }

  /** Ends a use, so that the buffer answers no more reads. */
  void unmap() {
    assert outstanding == 0;
    change(0);
    retired = false;
  }

  private void change(long fileOffset) {
    int odd = version + 1;
    VERSION.setOpaque(this, odd);
    VarHandle.releaseFence();
    START.setOpaque(this, fileOffset);
    END.setOpaque(this, fileOffset);
    VERSION.setRelease(this, odd + 1);
  }

  /** Returns the address of an offset of the volume that lies in this buffer's range. */
  long addressOf(long fileOffset) {
    assert fileOffset >= startFileOffset && fileOffset <= startFileOffset + capacityBytes;
    return address + (fileOffset - startFileOffset);
  }

  /** Returns the address of the spare page for the first footer of a segment that starts here. */
  long openingPage() {
    return address + capacityBytes;
  }

  /** Returns the address of the spare page for the last footer of a segment that ends here. */
  long sealingPage() {
    return address + capacityBytes + PAGE_BYTES;
  }

  /** Returns the offset of the volume behind the last page that fits. */
  long limitFileOffset() {
    return startFileOffset + capacityBytes;
  }

  /** Makes everything before an offset of the volume readable. */
  void publish(long fileOffset) {
    END.setRelease(this, fileOffset);
  }

  /** Returns the offset of the volume behind what was handed over. */
  long handedFileOffset() {
    return startFileOffset + handedBytes;
  }

  /** Notes that everything before an offset was handed over, in one more request. */
  void handOver(long fileOffset) {
    handedBytes = (int) (fileOffset - startFileOffset);
    outstanding++;
  }

  /** Notes one more request that uses a spare page. */
  void handOverSpare() {
    outstanding++;
  }

  /** Notes that nothing more will be put in. */
  void retire() {
    retired = true;
  }

  /** Notes a finished request and returns whether the buffer is free for another use. */
  boolean finished() {
    outstanding--;
    assert outstanding >= 0;
    return idle();
  }

  /** Returns whether nothing will be put in and nothing is on its way to the device. */
  boolean idle() {
    return retired && outstanding == 0;
  }

  /**
   * Copies what the buffer holds from an offset of the volume on.
   *
   * @param maxBytes the most to copy
   * @return whether the buffer held the offset all the while
   */
  boolean read(long fileOffset, long target, int maxBytes) {
    int before = (int) VERSION.getAcquire(this);
    long start = (long) START.getOpaque(this);
    long end = (long) END.getAcquire(this);
    // Start and end may be of two uses; the copy must stay in the buffer even then.
    long offset = fileOffset - start;
    long length = Math.min(Math.min(maxBytes, end - fileOffset), capacityBytes - offset);
    if ((before & 1) != 0 || offset < 0 || length <= 0) {
      return false;
    }
    RawMemory.copy(address + offset, target, length);
    VarHandle.acquireFence();
    return (int) VERSION.getOpaque(this) == before;
  }

  /** Returns whether the buffer holds an offset of the volume at this moment. */
  boolean holds(long fileOffset) {
    int before = (int) VERSION.getAcquire(this);
    long start = (long) START.getOpaque(this);
    long end = (long) END.getAcquire(this);
    VarHandle.acquireFence();
    return (before & 1) == 0
        && fileOffset >= start
        && fileOffset < end
        && (int) VERSION.getOpaque(this) == before;
  }
}

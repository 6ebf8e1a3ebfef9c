package dev.emberkv.compaction;

import dev.emberkv.uring.NativeMemory;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The write buffers of a log, in one piece of native memory: the bound on data that was appended
 * and is not on the device.
 *
 * <p>{@link #take} and {@link #give} are owned by the lock of {@link SegmentWriter}; reads take no
 * lock.
 */
final class BlockPool implements AutoCloseable {
  private static final int SCRATCH_BYTES = 64 << 10;

  private final NativeMemory memory;
  private final BlockBuffer[] blocks;
  private final ArrayDeque<BlockBuffer> free = new ArrayDeque<>();
  private final long scratch;

  BlockPool(LogOptions options) {
    memory = NativeMemory.reserveSmallPages(memoryBytes(options));
    scratch = memory.address();
    blocks = new BlockBuffer[options.blocks()];
    long next = scratch + SCRATCH_BYTES;
    for (int i = 0; i < blocks.length; i++) {
      blocks[i] = new BlockBuffer(next, options.blockBytes());
      next += options.blockBytes() + BlockBuffer.SPARE_BYTES;
      free.add(blocks[i]);
    }
  }

  static long memoryBytes(LogOptions options) {
    return SCRATCH_BYTES
        + (long) options.blocks() * (options.blockBytes() + BlockBuffer.SPARE_BYTES);
  }

  NativeMemory memory() {
    return memory;
  }

  /** Returns the address of the space for pieces of a record that is larger than a buffer. */
  long scratch() {
    return scratch;
  }

  int scratchBytes() {
    return SCRATCH_BYTES;
  }

  boolean hasFree() {
    return !free.isEmpty();
  }

  /** Takes a free buffer, or returns null when all are in use. */
  @Nullable BlockBuffer take() {
    return free.poll();
  }

  /** Takes a buffer back; from now on its records are read from the device. */
  void give(BlockBuffer block) {
    block.unmap();
    free.add(block);
  }

  /** Copies from the buffer that holds an offset of the volume; false when none does. */
  boolean read(long fileOffset, long target, int maxBytes) {
    for (BlockBuffer block : blocks) {
      if (block.read(fileOffset, target, maxBytes)) {
        return true;
      }
    }
    return false;
  }

  /** Returns whether a buffer holds an offset of the volume at this moment. */
  boolean holds(long fileOffset) {
    for (BlockBuffer block : blocks) {
      if (block.holds(fileOffset)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void close() {
    memory.close();
  }
}

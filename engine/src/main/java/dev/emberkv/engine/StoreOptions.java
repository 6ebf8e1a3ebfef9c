package dev.emberkv.engine;

import dev.emberkv.uring.IoMode;
import java.nio.file.Path;
import java.time.Duration;

/**
 * How to open a store.
 *
 * @param directory where the store keeps its files; made if it does not exist
 * @param memoryBytes one budget for slabs, index, rings, buffers and filters, at least {@link
 *     #MIN_MEMORY_BYTES}
 * @param durability when a write counts as done
 * @param ioMode which I/O backend
 * @param diskLimitBytes the most disk space the store may take; {@link Long#MAX_VALUE} for no limit
 * @param checkpointInterval how often the store takes a {@linkplain Store#checkpoint checkpoint} by
 *     itself; {@link Duration#ZERO} for never
 */
public record StoreOptions(
    Path directory,
    long memoryBytes,
    Durability durability,
    IoMode ioMode,
    long diskLimitBytes,
    Duration checkpointInterval) {
  /**
   * The smallest budget that a store runs with: buffers, a small index, and one slab, which tables
   * of different row widths must take turns with.
   */
  public static final long MIN_MEMORY_BYTES = 3L << 20;

  /** Checks the ranges. */
  public StoreOptions {
    if (memoryBytes < MIN_MEMORY_BYTES) {
      throw new IllegalArgumentException(
          "memoryBytes must be at least " + MIN_MEMORY_BYTES + ", not " + memoryBytes);
    }
    if (diskLimitBytes <= 0) {
      throw new IllegalArgumentException("diskLimitBytes must be positive, not " + diskLimitBytes);
    }
    if (checkpointInterval.isNegative()) {
      throw new IllegalArgumentException(
          "checkpointInterval must not be negative, as " + checkpointInterval + " is");
    }
  }

  /** Returns the defaults: 1 GiB of memory, {@link Durability#EVERYSEC}, {@link IoMode#AUTO}. */
  public static StoreOptions of(Path directory) {
    return new StoreOptions(
        directory, 1L << 30, Durability.EVERYSEC, IoMode.AUTO, Long.MAX_VALUE, Duration.ZERO);
  }

  /** Returns a copy with another memory budget. */
  public StoreOptions withMemoryBytes(long bytes) {
    return new StoreOptions(
        directory, bytes, durability, ioMode, diskLimitBytes, checkpointInterval);
  }

  /** Returns a copy with another durability. */
  public StoreOptions withDurability(Durability newDurability) {
    return new StoreOptions(
        directory, memoryBytes, newDurability, ioMode, diskLimitBytes, checkpointInterval);
  }

  /** Returns a copy with another I/O backend. */
  public StoreOptions withIoMode(IoMode newIoMode) {
    return new StoreOptions(
        directory, memoryBytes, durability, newIoMode, diskLimitBytes, checkpointInterval);
  }

  /** Returns a copy with another disk limit. */
  public StoreOptions withDiskLimitBytes(long bytes) {
    return new StoreOptions(directory, memoryBytes, durability, ioMode, bytes, checkpointInterval);
  }

  /** Returns a copy with another interval of checkpoints. */
  public StoreOptions withCheckpointInterval(Duration interval) {
    return new StoreOptions(directory, memoryBytes, durability, ioMode, diskLimitBytes, interval);
  }
}

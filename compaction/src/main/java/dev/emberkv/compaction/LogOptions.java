package dev.emberkv.compaction;

import static dev.emberkv.compaction.RecordFormat.PAGE_BYTES;

/**
 * How to open a log.
 *
 * @param storeId a random number that ties all records to one store, or {@link #ANY_STORE}
 * @param segmentBytes size of a segment, a power of two from {@link #MIN_SEGMENT_BYTES} to {@link
 *     #MAX_SEGMENT_BYTES}; a volume keeps the size that it was made with
 * @param diskLimitBytes the most that the volume may grow to, at least {@link #MIN_SEGMENTS}
 *     segments
 * @param blockBytes size of one write buffer, whole pages, at most half a segment
 * @param blocks how many write buffers there are, 2 to 64: the bound on data in flight
 */
public record LogOptions(
    long storeId, int segmentBytes, long diskLimitBytes, int blockBytes, int blocks) {
  /** Takes the store id that the volume has; a new volume gets a random one. */
  public static final long ANY_STORE = 0;

  /** The smallest segment. */
  public static final int MIN_SEGMENT_BYTES = 1 << 20;

  /** The largest segment. */
  public static final int MAX_SEGMENT_BYTES = 64 << 20;

  /** The fewest segments that a limit must leave room for: what is held back, and some to fill. */
  public static final int MIN_SEGMENTS = 8;

  /** Checks the ranges. */
  public LogOptions {
    if (Integer.bitCount(segmentBytes) != 1
        || segmentBytes < MIN_SEGMENT_BYTES
        || segmentBytes > MAX_SEGMENT_BYTES) {
      throw new IllegalArgumentException(
          "segmentBytes must be a power of two from %d to %d, not %d"
              .formatted(MIN_SEGMENT_BYTES, MAX_SEGMENT_BYTES, segmentBytes));
    }
    if (diskLimitBytes / segmentBytes < MIN_SEGMENTS) {
      throw new IllegalArgumentException(
          "diskLimitBytes must be at least %d segments of %d bytes, not %d"
              .formatted(MIN_SEGMENTS, segmentBytes, diskLimitBytes));
    }
    if (blockBytes < PAGE_BYTES || blockBytes % PAGE_BYTES != 0 || blockBytes > segmentBytes / 2) {
      throw new IllegalArgumentException(
          "blockBytes must be whole pages of %d bytes up to half a segment, not %d"
              .formatted(PAGE_BYTES, blockBytes));
    }
    if (blocks < 2 || blocks > 64) {
      throw new IllegalArgumentException("blocks must be 2 to 64, not " + blocks);
    }
  }

  /** Returns the defaults: segments of 32 MiB, no limit, eight buffers of 512 KiB. */
  public static LogOptions of(long storeId) {
    return new LogOptions(storeId, 32 << 20, Long.MAX_VALUE, 512 << 10, 8);
  }

  /** Returns a copy with another segment size, and smaller buffers if these would not fit. */
  public LogOptions withSegmentBytes(int bytes) {
    return new LogOptions(
        storeId,
        bytes,
        diskLimitBytes,
        Math.min(blockBytes, Math.max(PAGE_BYTES, bytes / 2)),
        blocks);
  }

  /** Returns a copy with another disk limit. */
  public LogOptions withDiskLimitBytes(long bytes) {
    return new LogOptions(storeId, segmentBytes, bytes, blockBytes, blocks);
  }

  /** Returns a copy with other write buffers. */
  public LogOptions withBlocks(int newBlockBytes, int newBlocks) {
    return new LogOptions(storeId, segmentBytes, diskLimitBytes, newBlockBytes, newBlocks);
  }

  /** Returns the options of the stream that takes the copies of cleaning, which never hurry. */
  LogOptions forCleaning() {
    return withBlocks(blockBytes, Math.max(2, blocks / 4));
  }

  /** Returns the native memory that the log holds while it is open, in bytes. */
  public long memoryBytes() {
    return BlockPool.memoryBytes(this)
        + BlockPool.memoryBytes(forCleaning())
        + LiveReader.memoryBytes(this);
  }
}

package dev.emberkv.engine;

import dev.emberkv.compaction.LogOptions;
import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.uring.QueuePool;

/**
 * How a memory budget is spread over the parts that do not grow: write buffers, read queues and the
 * frequency sketch.
 *
 * @param readers the queues that batches read with
 * @param blockBytes size of one write buffer
 * @param blocks number of write buffers
 * @param sketchBytes size of the frequency sketch
 * @param diskLimitBytes the most disk space
 */
record Sizing(
    QueuePool.Options readers, int blockBytes, int blocks, long sketchBytes, long diskLimitBytes) {
  /** The queue of a growing index, which reads one record at a time. */
  static final QueuePool.Options RESOLVER = new QueuePool.Options(1, 4, 4, RecordFormat.PAGE_BYTES);

  private static final int MIN_DEPTH = 16;
  private static final int MAX_DEPTH = 128;
  private static final int MIN_BLOCK_BYTES = 16 << 10;
  private static final int MAX_BLOCK_BYTES = 512 << 10;

  /**
   * Write buffers, read queues and a table's counters each take about this part of the budget,
   * within their limits.
   */
  private static final int SHARE = 32;

  /** The sketch takes this part: at rows of 256 bytes about three bytes for each that fits. */
  private static final int SKETCH_SHARE = 128;

  /** How many segments a disk limit has: the ones held back are a small share of them then. */
  private static final int SEGMENTS_IN_LIMIT = 1024;

  static Sizing of(StoreOptions options) {
    long share = options.memoryBytes() / SHARE;
    int queues = Math.clamp(share >> 19, 2, Math.clamp(2L * processors(), 4, 16));
    long pages = share / queues / RecordFormat.PAGE_BYTES;
    int depth = Math.clamp(Long.highestOneBit((pages / 2) | 1), MIN_DEPTH, MAX_DEPTH);
    int blocks = share < 16L * MAX_BLOCK_BYTES / 4 ? 4 : 16;
    long blockBytes = Math.clamp(share / blocks, MIN_BLOCK_BYTES, MAX_BLOCK_BYTES);
    return new Sizing(
        new QueuePool.Options(queues, depth, 2 * depth, RecordFormat.PAGE_BYTES),
        (int) blockBytes & -RecordFormat.PAGE_BYTES,
        blocks,
        options.memoryBytes() / SKETCH_SHARE,
        options.diskLimitBytes());
  }

  /** Returns how much memory a table may take to count ids that have no row. */
  static long counterBytes(StoreOptions options) {
    return options.memoryBytes() / SHARE;
  }

  private static int processors() {
    return Runtime.getRuntime().availableProcessors();
  }

  /** Returns the options of the log. */
  LogOptions log(long storeId) {
    LogOptions options = LogOptions.of(storeId).withBlocks(blockBytes, blocks);
    long wanted = Long.highestOneBit(diskLimitBytes / SEGMENTS_IN_LIMIT);
    int segmentBytes = Math.clamp(wanted, LogOptions.MIN_SEGMENT_BYTES, options.segmentBytes());
    return options.withSegmentBytes(segmentBytes).withDiskLimitBytes(diskLimitBytes);
  }

  /** Returns the memory that all of this takes. */
  long fixedBytes() {
    return readers.memoryBytes()
        + RESOLVER.memoryBytes()
        + log(LogOptions.ANY_STORE).memoryBytes()
        + sketchBytes;
  }
}

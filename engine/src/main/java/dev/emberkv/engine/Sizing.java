package dev.emberkv.engine;

import dev.emberkv.compaction.LogOptions;
import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.uring.QueuePool;

/**
 * How a memory budget is spread over the parts that do not grow: write buffers and read queues.
 *
 * @param readers the queues that batches read with
 * @param blockBytes size of one write buffer
 * @param blocks number of write buffers
 * @param diskLimitBytes the most disk space
 */
record Sizing(QueuePool.Options readers, int blockBytes, int blocks, long diskLimitBytes) {
  /** The queue of a growing index, which reads one record at a time. */
  static final QueuePool.Options RESOLVER = new QueuePool.Options(1, 4, 4, RecordFormat.PAGE_BYTES);

  private static final int DEPTH = 128;
  private static final long LARGE_BUDGET_BYTES = 256L << 20;

  static Sizing of(StoreOptions options) {
    boolean large = options.memoryBytes() >= LARGE_BUDGET_BYTES;
    int queues = large ? Math.clamp(2L * Runtime.getRuntime().availableProcessors(), 4, 16) : 2;
    return new Sizing(
        new QueuePool.Options(queues, DEPTH, 2 * DEPTH, RecordFormat.PAGE_BYTES),
        large ? 512 << 10 : 128 << 10,
        large ? 16 : 8,
        options.diskLimitBytes());
  }

  /** Returns the options of the log. */
  LogOptions log(long storeId) {
    return LogOptions.of(storeId).withDiskLimitBytes(diskLimitBytes).withBlocks(blockBytes, blocks);
  }

  /** Returns the memory that all of this takes. */
  long fixedBytes() {
    return readers.memoryBytes() + RESOLVER.memoryBytes() + log(LogOptions.ANY_STORE).memoryBytes();
  }
}

package dev.emberkv.engine;

/**
 * A reading of a store's counters; counts are since the store was opened.
 *
 * @param ioBackend {@code "uring"} or {@code "portable"}
 * @param rows live rows of all tables, string keys, and fields of hashes that are rows
 * @param hotRows of these, the ones in DRAM
 * @param hotBytes of the slots that those take
 * @param hits keys answered from DRAM
 * @param coldHits keys answered from the device
 * @param misses keys that were not there
 * @param deviceReads read requests
 * @param deviceReadBytes bytes read
 * @param deviceWriteBytes bytes written
 * @param deviceSubmits system calls that handed requests to the device; with io_uring far fewer
 *     than requests
 * @param deviceQueueDepth reads of rows in flight at this moment
 * @param admissions cold rows that were brought into DRAM when they were read
 * @param rejections cold rows that were read and stayed out of DRAM
 * @param evictionsClean rows that left DRAM without I/O
 * @param evictionsDirty rows that were written when they left DRAM
 * @param prefetchesUsed rows that were brought into DRAM ahead of their use, or kept there, and
 *     used
 * @param prefetchesLate rows that something else brought into DRAM, wrote or deleted while they
 *     were being prefetched
 * @param prefetchesWasted rows that were not used before their deadline, or before they were
 *     deleted or lost their slab to another row size or an index
 * @param prefetchesRefused rows that were not prefetched because too many were waiting or pinned
 * @param falsePositives index tags that matched another key
 * @param hotLatency of reading calls that DRAM answered alone
 * @param coldLatency of reading calls that asked the device
 * @param indexBytes DRAM taken by the indexes
 * @param slabBytes DRAM taken by slabs
 * @param memoryBytes DRAM taken by everything under the budget
 * @param memoryLimitBytes the budget
 * @param diskBytes disk space taken
 * @param checkpointBytes what checkpoints have put into the catalog
 * @param space what the log's segments hold, and what cleaning did
 */
public record StoreStats(
    String ioBackend,
    long rows,
    long hotRows,
    long hotBytes,
    long hits,
    long coldHits,
    long misses,
    long deviceReads,
    long deviceReadBytes,
    long deviceWriteBytes,
    long deviceSubmits,
    int deviceQueueDepth,
    long admissions,
    long rejections,
    long evictionsClean,
    long evictionsDirty,
    long prefetchesUsed,
    long prefetchesLate,
    long prefetchesWasted,
    long prefetchesRefused,
    long falsePositives,
    ReadLatency hotLatency,
    ReadLatency coldLatency,
    long indexBytes,
    long slabBytes,
    long memoryBytes,
    long memoryLimitBytes,
    long diskBytes,
    long checkpointBytes,
    SpaceStats space) {
  /** Returns the number of rows that are on the device only. */
  public long coldRows() {
    return Math.max(0, rows - hotRows);
  }

  /** Returns how many rows a device read answers on average, or 0 before the first. */
  public double rowsPerDeviceRead() {
    return deviceReads == 0 ? 0 : (double) coldHits / deviceReads;
  }

  /** Returns the share of found keys that were answered from DRAM, or 0 before the first. */
  public double hitRatio() {
    long found = hits + coldHits;
    return found == 0 ? 0 : (double) hits / found;
  }
}

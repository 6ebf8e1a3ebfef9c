package dev.emberkv.engine;

/**
 * A reading of a store's counters; counts are since the store was opened.
 *
 * @param ioBackend {@code "uring"} or {@code "portable"}
 * @param rows live rows of all tables and string keys
 * @param hotRows of these, the ones in DRAM
 * @param hits keys answered from DRAM
 * @param coldHits keys answered from the device
 * @param misses keys that were not there
 * @param deviceReads read requests
 * @param deviceReadBytes bytes read
 * @param deviceWriteBytes bytes written
 * @param deviceSubmits system calls that handed requests to the device; with io_uring far fewer
 *     than requests
 * @param admissions cold rows that were brought into DRAM when they were read
 * @param rejections cold rows that were read and stayed out of DRAM
 * @param evictionsClean rows that left DRAM without I/O
 * @param evictionsDirty rows that were written when they left DRAM
 * @param falsePositives index tags that matched another key
 * @param indexBytes DRAM taken by the indexes
 * @param slabBytes DRAM taken by slabs
 * @param memoryBytes DRAM taken by everything under the budget
 * @param memoryLimitBytes the budget
 * @param diskBytes disk space taken
 */
public record StoreStats(
    String ioBackend,
    long rows,
    long hotRows,
    long hits,
    long coldHits,
    long misses,
    long deviceReads,
    long deviceReadBytes,
    long deviceWriteBytes,
    long deviceSubmits,
    long admissions,
    long rejections,
    long evictionsClean,
    long evictionsDirty,
    long falsePositives,
    long indexBytes,
    long slabBytes,
    long memoryBytes,
    long memoryLimitBytes,
    long diskBytes) {
  /** Returns the share of found keys that were answered from DRAM, or 0 before the first. */
  public double hitRatio() {
    long found = hits + coldHits;
    return found == 0 ? 0 : (double) hits / found;
  }
}

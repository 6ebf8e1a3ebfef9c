package dev.emberkv.peers.store;

import java.util.Map;

/**
 * A store of fixed-width rows under 64-bit ids, as the benchmark sees it.
 *
 * <p>One thread calls it. What a store does with more threads of its own is its business.
 */
public interface RowStore extends AutoCloseable {
  /**
   * Reads one row into the first place of the buffers.
   *
   * @throws IllegalStateException when the row is missing
   */
  void get(long key, RowBuffers buffers);

  /**
   * Reads the rows of the first {@code count} keys of the buffers.
   *
   * @throws IllegalStateException when a row is missing
   */
  void lookup(RowBuffers buffers, int count);

  /** Writes the first {@code count} rows of the buffers. */
  void put(RowBuffers buffers, int count);

  /** Makes all that was written so far durable, if the store ever does. */
  void sync();

  /** Brings a freshly loaded store into the shape that reads are best in. */
  default void settle() {
    sync();
  }

  /** Returns whether the store is cleaning or compacting at this moment. */
  default boolean isCleaning() {
    return false;
  }

  /** Returns what the store asked of the device so far. */
  Activity activity();

  /** Returns the disk space taken, in bytes. */
  long diskBytes();

  /** Returns the resident memory of the process that has the rows, in bytes. */
  default long residentBytes() {
    return ProcessIo.self().residentBytes();
  }

  /** Returns whether {@link #readThreads} has an effect: batches can be split over threads. */
  default boolean splitsReads() {
    return false;
  }

  /** Says over how many threads to split the reads of a batch. */
  default void readThreads(int threads) {
    throw new UnsupportedOperationException();
  }

  /** Returns the version of the store. */
  String version();

  /** Returns the settings that it runs with, for people. */
  Map<String, String> settings();

  @Override
  void close();
}

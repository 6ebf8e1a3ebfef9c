package dev.emberkv.cuda;

import java.lang.foreign.MemorySegment;

/**
 * One place of a pipeline: host memory that a batch is gathered into, device memory that it is used
 * in, and the way from one to the other.
 *
 * <p>Not thread-safe: it belongs to whoever holds the place, first the submitter, then the
 * gathering thread, then the consumer.
 */
abstract sealed class UploadSlot implements AutoCloseable permits CudaUploadSlot, HostUploadSlot {
  final SlotLayout layout;
  private final MemorySegment keys;
  private final MemorySegment uniqueKeys;
  private final MemorySegment statuses;
  private final MemorySegment index;
  private final MemorySegment rows;

  UploadSlot(SlotLayout layout, MemorySegment memory) {
    this.layout = layout;
    long batch = layout.maxBatch();
    this.keys = memory.asSlice(SlotLayout.KEYS, batch * Long.BYTES);
    this.uniqueKeys =
        layout.batch().deduplicates()
            ? memory.asSlice(layout.uniqueKeys(), batch * Long.BYTES)
            : keys;
    this.statuses = memory.asSlice(layout.statuses(), batch);
    this.index =
        layout.batch().deduplicates()
            ? memory.asSlice(layout.index(), batch * Integer.BYTES)
            : MemorySegment.NULL;
    this.rows = memory.asSlice(layout.rows(), batch * layout.rowBytes());
  }

  /** Returns room for the batch's ids. */
  final MemorySegment keys() {
    return keys;
  }

  /** Returns room for the different ids; the same as {@link #keys} without deduplication. */
  final MemorySegment uniqueKeys() {
    return uniqueKeys;
  }

  /** Returns room for a status per looked-up row. */
  final MemorySegment statuses() {
    return statuses;
  }

  /** Returns room for the number of each id's row; empty without deduplication. */
  final MemorySegment index() {
    return index;
  }

  /** Returns room for the looked-up rows. */
  final MemorySegment rows() {
    return rows;
  }

  /** Waits until the last batch has left the host memory. */
  abstract void awaitReusable();

  /**
   * Begins to bring the rows to the device.
   *
   * @param looked rows that were looked up
   * @param count ids of the batch
   */
  abstract void upload(int looked, int count);

  /** Waits until the rows are in device memory. */
  abstract void synchronize();

  /** Lets a stream of the consumer's wait for the rows. */
  abstract void awaitOn(long stream);

  /** Lets the next batch wait for what is in a stream of the consumer's now. */
  abstract void reuseAfter(long stream);

  /** After a failure: waits until nothing uses the host memory. */
  abstract void quiesce();

  /** Returns the address of the batch's first row, as the device sees it. */
  abstract long rowsAddress();

  /** Returns the address of the index, as the device sees it. */
  abstract long indexAddress();

  /** Returns the {@code CUevent} that says that the rows are there; 0 on the host. */
  abstract long event();

  /** Copies the batch's first bytes to host memory, and waits for that. */
  abstract void copyRows(MemorySegment target, long lengthBytes);

  /** Returns handles for another process: of the memory and of the event. */
  abstract byte[][] share();

  /** Returns where the first row is in the shared memory. */
  abstract long sharedOffset();

  /** Gives everything back. */
  @Override
  public abstract void close();
}

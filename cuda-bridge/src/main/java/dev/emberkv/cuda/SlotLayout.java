package dev.emberkv.cuda;

/**
 * Where things lie in the memory of one place of a pipeline.
 *
 * <p>Host memory: keys | different keys | statuses | index | rows | rows laid out. The last part is
 * there when the device is the host. Device memory: index | rows | rows laid out. Each part starts
 * at a multiple of {@link #ALIGNMENT} and has room for the largest batch.
 *
 * @param maxBatch the most ids of a batch
 * @param rowBytes width of a row
 * @param batch how rows lie in device memory
 * @param onHost whether the device is the host
 */
record SlotLayout(int maxBatch, int rowBytes, BatchLayout batch, boolean onHost) {
  /** What device memory is aligned to, too; a multiple of a cache line. */
  static final long ALIGNMENT = 256;

  static final long KEYS = 0;

  long uniqueKeys() {
    return KEYS + part(Long.BYTES);
  }

  long statuses() {
    return uniqueKeys() + (batch.deduplicates() ? part(Long.BYTES) : 0);
  }

  long index() {
    return statuses() + part(1);
  }

  long rows() {
    return index() + indexBytes();
  }

  long expanded() {
    return rows() + part(rowBytes);
  }

  /** Returns the size of the host memory. */
  long hostBytes() {
    return onHost && batch == BatchLayout.EXPANDED ? expanded() + part(rowBytes) : expanded();
  }

  long deviceRows() {
    return indexBytes();
  }

  long deviceExpanded() {
    return deviceRows() + part(rowBytes);
  }

  /** Returns the size of the device memory, if that is another one. */
  long deviceBytes() {
    return batch == BatchLayout.EXPANDED ? deviceExpanded() + part(rowBytes) : deviceExpanded();
  }

  private long indexBytes() {
    return batch.deduplicates() ? part(Integer.BYTES) : 0;
  }

  private long part(int bytesEach) {
    return Math.ceilDiv((long) maxBatch * bytesEach, ALIGNMENT) * ALIGNMENT;
  }
}

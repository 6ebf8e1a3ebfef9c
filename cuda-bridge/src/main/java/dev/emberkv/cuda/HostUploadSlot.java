package dev.emberkv.cuda;

import java.lang.foreign.MemorySegment;

/** A place whose device is the host: rows are used where they were gathered. */
final class HostUploadSlot extends UploadSlot {
  private final long address;
  private final MemorySegment batchRows;

  HostUploadSlot(SlotLayout layout, MemorySegment memory) {
    super(layout, memory);
    this.address = memory.address();
    this.batchRows =
        layout.batch() == BatchLayout.EXPANDED ? memory.asSlice(layout.expanded()) : rows();
  }

  @Override
  void awaitReusable() {}

  @Override
  void upload(int looked, int count) {
    if (layout.batch() == BatchLayout.EXPANDED) {
      HostGather.run(
          address + layout.rows(),
          address + layout.index(),
          address + layout.expanded(),
          count,
          layout.rowBytes());
    }
  }

  @Override
  void synchronize() {}

  @Override
  void awaitOn(long stream) {}

  @Override
  void reuseAfter(long stream) {}

  @Override
  void quiesce() {}

  @Override
  long rowsAddress() {
    return batchRows.address();
  }

  @Override
  long indexAddress() {
    return index().address();
  }

  @Override
  long event() {
    return 0;
  }

  @Override
  void copyRows(MemorySegment target, long lengthBytes) {
    MemorySegment.copy(batchRows, 0, target, 0, lengthBytes);
  }

  @Override
  byte[][] share() {
    throw new UnsupportedOperationException(
        "only batches in a GPU's memory can be given to other processes");
  }

  @Override
  long sharedOffset() {
    return 0;
  }

  @Override
  public void close() {}
}

package dev.emberkv.cuda;

import dev.emberkv.engine.Table;
import java.lang.foreign.MemorySegment;

/**
 * What a gathering thread does: takes the next batch, looks its rows up straight into the place's
 * host memory, and sends them on their way.
 */
final class GatherLoop implements Runnable {
  private final TicketDesk desk;
  private final Table table;
  private final UploadSlot[] slots;
  private final KeyIndex keyIndex;

  GatherLoop(TicketDesk desk, Table table, UploadSlot[] slots) {
    this.desk = desk;
    this.table = table;
    this.slots = slots;
    this.keyIndex = new KeyIndex(slots[0].layout.maxBatch(), System.nanoTime());
  }

  @Override
  public void run() {
    try {
      Flight flight = desk.takeQueued();
      while (flight != null) {
        carry(flight, slots[flight.slot]);
        flight = desk.takeQueued();
      }
    } catch (InterruptedException e) {
      desk.fail(e); // nobody has the thread but the pipeline, which does not interrupt it
    }
  }

  private void carry(Flight flight, UploadSlot slot) {
    try {
      slot.awaitReusable();
      gather(flight, slot);
      slot.upload(flight.looked, flight.count);
    } catch (RuntimeException | Error e) {
      settle(slot, e);
      desk.failed(flight, e);
      return;
    }
    desk.gathered(flight);
  }

  private void gather(Flight flight, UploadSlot slot) {
    int count = flight.count;
    flight.looked =
        slot.layout.batch().deduplicates()
            ? keyIndex.run(slot.keys(), count, slot.uniqueKeys(), slot.index())
            : count;
    MemorySegment ids = slot.uniqueKeys().asSlice(0, (long) flight.looked * Long.BYTES);
    table.lookup(ids, slot.rows(), slot.statuses());
  }

  /** A copy may be under way from the place that is about to be given to others. */
  private void settle(UploadSlot slot, Throwable failure) {
    try {
      slot.quiesce();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
      desk.fail(failure);
    }
  }
}

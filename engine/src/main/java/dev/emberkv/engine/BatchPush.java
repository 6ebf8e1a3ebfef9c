package dev.emberkv.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * A batch, or part of one, of gradient steps on different rows of one table. First the rows that
 * are on the device are read in one go and brought into DRAM, so that a row that can't be read
 * changes nothing; then all rows are changed, most of them where they lie, each loaded once.
 *
 * <p>Not thread-safe; one per part.
 */
final class BatchPush {
  private final Keyspace keyspace;
  private final Tiers tiers;
  private final GradientStep steps;
  private final MemorySegment ids;
  private final int first;
  private final int count;
  private final BatchScratch scratch;
  private final RowKey.Id key;
  private @Nullable RecordReader reader;

  /**
   * Prepares a part.
   *
   * @param ids the different ids of the whole push, packed
   * @param first where the part starts
   */
  BatchPush(
      Keyspace keyspace,
      Tiers tiers,
      GradientStep steps,
      MemorySegment ids,
      int first,
      int count,
      Guard guard) {
    this.keyspace = keyspace;
    this.tiers = tiers;
    this.steps = steps;
    this.ids = ids;
    this.first = first;
    this.count = count;
    this.scratch = guard.scratch;
    this.key = guard.key;
  }

  /** Brings the rows that are on the device into DRAM. */
  void readCold() {
    try {
      for (int done = 0; done < count; done += BatchScratch.CHUNK) {
        int size = Math.min(BatchScratch.CHUNK, count - done);
        scratch.findEntries(keyspace, ids, (long) first + done, 0, size);
        for (int i = 0; i < size; i++) {
          if (scratch.isCold(i)) {
            addCold(scratch.locations[i], first + done + i);
          }
        }
      }
      if (reader != null) {
        reader.run(Slot.HEADER_BYTES + steps.payloadBytes(), this::takeRecord);
      }
    } finally {
      if (reader != null) {
        reader.close();
        reader = null;
      }
    }
  }

  private void addCold(long location, int ordinal) {
    if (reader == null) {
      reader = tiers.readers().borrow();
    }
    reader.add(location, ordinal);
  }

  private void takeRecord(int ordinal, long location, long address, int payloadBytes) {
    long id = ids.get(ValueLayout.JAVA_LONG_UNALIGNED, (long) ordinal * Long.BYTES);
    if (keyspace.owns(address, payloadBytes, key.of(id))) {
      keyspace.bringIn(key, location, address, payloadBytes);
    }
  }

  /** Changes all rows. */
  void apply(Stamp stamp) {
    for (int done = 0; done < count; done += BatchScratch.CHUNK) {
      int size = Math.min(BatchScratch.CHUNK, count - done);
      scratch.find(keyspace, ids, (long) first + done, size, steps.payloadBytes());
      for (int i = 0; i < size; i++) {
        steps.at(first + done + i);
        if (!scratch.isHot(i) || !applyFound(i, stamp)) {
          new RowUpdate(keyspace, key.of(scratch.ids[i]), steps, stamp).run();
        }
      }
    }
  }

  private boolean applyFound(int i, Stamp stamp) {
    return keyspace.writer.changeFound(
        scratch.homes[i],
        scratch.headers[i],
        scratch.slots[i],
        key.of(scratch.ids[i]),
        steps,
        stamp);
  }
}

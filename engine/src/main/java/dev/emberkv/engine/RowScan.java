package dev.emberkv.engine;

import dev.emberkv.index.EntryScan;
import dev.emberkv.index.Location;
import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;
import java.util.Arrays;

/**
 * Walks the rows of a table in the order of their hashes, some at a time: copies those in DRAM as
 * it goes and reads those on the device in one batch. A row that is there all the time is shown
 * once, whatever happens to the table between two calls.
 *
 * <p>Used by one thread; each call inside the store's {@link Epoch}.
 */
final class RowScan implements AutoCloseable {
  /** Takes a row whose header and payload lie one behind the other, as in a {@link Slot}. */
  interface Visitor {
    void row(long address);
  }

  private static final long CHUNK_BYTES = 4L << 20;
  private static final int MAX_ROWS = 1 << 14;
  private static final int MIN_ROWS = 64;

  private Keyspace keyspace;
  private final int copiedBytes;
  private final int chunkRows;
  private final NativeMemory copies;
  private int copyCount;
  private final int copyLimit;
  private long[] cold = new long[64];
  private int coldCount;
  private long[] step = new long[64];
  private int stepCount;

  /**
   * Prepares a walk.
   *
   * @param payloadBytes how much of the payload of each row is wanted
   */
  RowScan(Keyspace keyspace, int payloadBytes) {
    this.keyspace = keyspace;
    this.copiedBytes = Slot.HEADER_BYTES + Math.ceilDiv(payloadBytes, 8) * 8;
    this.chunkRows = Math.clamp(CHUNK_BYTES / copiedBytes, MIN_ROWS, MAX_ROWS);
    this.copies = NativeMemory.reserveSmallPages(2L * chunkRows * copiedBytes);
    this.copyLimit = (int) (copies.sizeBytes() / copiedBytes);
  }

  /**
   * Shows some rows, from a position on; returns the next position, 0 at the end.
   *
   * @param rows the table's rows, in case it was cleared meanwhile
   */
  long run(Keyspace rows, long from, Visitor visitor) {
    keyspace = rows;
    copyCount = 0;
    coldCount = 0;
    EntryScan entries = keyspace.index.scan();
    long position = from;
    do {
      position = walkHome(entries, position);
    } while (position != 0 && copyCount + coldCount < chunkRows);
    for (int i = 0; i < copyCount; i++) {
      visitor.row(copy(i));
    }
    if (coldCount > 0) {
      readCold(visitor);
    }
    return position;
  }

  private long copy(int i) {
    return copies.address() + (long) i * copiedBytes;
  }

  private long walkHome(EntryScan entries, long position) {
    int copiesBefore = copyCount;
    int coldBefore = coldCount;
    while (true) {
      stepCount = 0;
      long next =
          entries.step(
              position, (hash, knownBits, location) -> step = put(step, stepCount++, location));
      takeStep();
      if (entries.isUnchanged()) {
        return next;
      }
      // A row has left its slot between the index and us; its home is read again.
      copyCount = copiesBefore;
      coldCount = coldBefore;
      Thread.onSpinWait();
    }
  }

  private static long[] put(long[] array, int at, long value) {
    long[] target = at == array.length ? Arrays.copyOf(array, 2 * at) : array;
    target[at] = value;
    return target;
  }

  private void takeStep() {
    for (int i = 0; i < stepCount; i++) {
      long location = step[i];
      if (!Location.isDram(location)) {
        cold = put(cold, coldCount++, location);
      } else if (copyCount < copyLimit) {
        RawMemory.copy(keyspace.slotAddress(location), copy(copyCount++), copiedBytes);
      } else {
        throw new IllegalStateException("a home of the index has " + stepCount + " entries");
      }
    }
  }

  private void readCold(Visitor visitor) {
    try (RecordReader reader = keyspace.tiers.readers().borrow()) {
      for (int i = 0; i < coldCount; i++) {
        reader.add(cold[i], i);
      }
      reader.run(copiedBytes, (i, location, address, payloadBytes) -> visitor.row(address));
    }
  }

  @Override
  public void close() {
    copies.close();
  }
}

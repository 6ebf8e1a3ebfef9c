package dev.emberkv.engine;

import dev.emberkv.compaction.CorruptionException;
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

    /** Takes note of a row that is damaged, and fails unless it can do without. */
    default void damaged(CorruptionException damage) {
      throw damage;
    }
  }

  private static final long CHUNK_BYTES = 4L << 20;
  private static final int MAX_ROWS = 1 << 14;
  private static final int MIN_ROWS = 64;

  /** Homes without rows are passed over, but not without end: others wait for the epoch. */
  private static final int MAX_HOMES_PER_ROW = 16;

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
  RowScan(int payloadBytes) {
    this.copiedBytes = Slot.HEADER_BYTES + Math.ceilDiv(payloadBytes, 8) * 8;
    this.chunkRows = Math.clamp(CHUNK_BYTES / copiedBytes, MIN_ROWS, MAX_ROWS);
    this.copies = NativeMemory.reserveSmallPages(2L * chunkRows * copiedBytes);
    this.copyLimit = (int) (copies.sizeBytes() / copiedBytes);
  }

  /**
   * Shows some rows, from a position on; returns the next position, 0 at the end.
   *
   * @param keyspace the table's rows now; it may have been cleared since the last call
   * @param maxRows about how many rows to look at
   */
  long run(Keyspace keyspace, long from, int maxRows, Visitor visitor) {
    int wanted = Math.min(maxRows, chunkRows);
    int homes = 0;
    copyCount = 0;
    coldCount = 0;
    EntryScan entries = keyspace.index.scan();
    long position = from;
    do {
      position = walkHome(keyspace, entries, position);
      homes++;
    } while (position != 0 && copyCount + coldCount < wanted && homes < MAX_HOMES_PER_ROW * wanted);
    for (int i = 0; i < copyCount; i++) {
      visitor.row(copy(i));
    }
    if (coldCount > 0) {
      readCold(keyspace, visitor);
    }
    return position;
  }

  private long copy(int i) {
    return copies.address() + (long) i * copiedBytes;
  }

  private long walkHome(Keyspace keyspace, EntryScan entries, long position) {
    int copiesBefore = copyCount;
    int coldBefore = coldCount;
    while (true) {
      stepCount = 0;
      long next =
          entries.step(
              position, (hash, knownBits, location) -> step = put(step, stepCount++, location));
      takeStep(keyspace);
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

  private void takeStep(Keyspace keyspace) {
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

  private void readCold(Keyspace keyspace, Visitor visitor) {
    try (RecordReader reader = keyspace.tiers.readers().borrow()) {
      for (int i = 0; i < coldCount; i++) {
        reader.add(cold[i], i);
      }
      reader.run(copiedBytes, new Reading(visitor));
    }
  }

  private record Reading(Visitor visitor) implements RecordConsumer {
    @Override
    public void accept(int ordinal, long location, long address, int payloadBytes) {
      visitor.row(address);
    }

    @Override
    public void damaged(int ordinal, long location, long address, CorruptionException damage) {
      visitor.damaged(damage);
    }
  }

  @Override
  public void close() {
    copies.close();
  }
}

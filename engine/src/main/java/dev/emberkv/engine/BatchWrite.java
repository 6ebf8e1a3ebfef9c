package dev.emberkv.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * A batch of rows to write or delete in one table, under one sequence number and in the order of
 * the batch. As long as no key has an entry on the device, each chunk is applied as soon as it is
 * found; from the first such key on, all entries are found first, then their records are read in
 * one go, to learn whether they are the keys' own, and then the rest is applied.
 *
 * <p>Not thread-safe; one per call.
 */
final class BatchWrite {
  private final Keyspace keyspace;
  private final Tiers tiers;
  private final MemorySegment keys;
  private final long first;
  private final int count;
  private final BatchScratch scratch;
  private final Stamp stamp;

  private final RowKey.Id key = new RowKey.Id();
  private final ColdMatches known = new ColdMatches();
  private @Nullable RecordReader reader;
  private long[] ownLocations = {};
  private long[] ownSequences = {};

  /** What is done to each row. */
  private interface Change {
    void apply(int ordinal);
  }

  BatchWrite(
      Keyspace keyspace,
      Tiers tiers,
      MemorySegment keys,
      long first,
      int count,
      BatchScratch scratch) {
    this.keyspace = keyspace;
    this.tiers = tiers;
    this.keys = keys;
    this.first = first;
    this.count = count;
    this.scratch = scratch;
    this.stamp = tiers.nextStamp();
  }

  /** Writes the rows. */
  void put(RowSource.Packed rows) {
    int rowBytes = rows.payloadBytes();
    run(
        rowBytes,
        ordinal -> keyspace.put(keyOf(ordinal), rows.at(first + ordinal), stamp, knownOf(ordinal)));
  }

  /** Deletes the rows and returns how many there were. */
  long delete() {
    long[] deleted = new long[1];
    run(
        0,
        ordinal -> {
          if (keyspace.remove(keyOf(ordinal), stamp, knownOf(ordinal))) {
            deleted[0]++;
          }
        });
    return deleted[0];
  }

  private void run(int payloadBytes, Change change) {
    int applied = 0;
    try {
      for (int done = 0; done < count; done += BatchScratch.CHUNK) {
        int size = Math.min(BatchScratch.CHUNK, count - done);
        scratch.touchBuckets(keyspace, keys, first + done, size);
        scratch.findEntries(keyspace, size, payloadBytes);
        for (int i = 0; i < size; i++) {
          if (scratch.isCold(i)) {
            addCold(scratch.locations[i], done + i);
          }
        }
        for (; reader == null && applied < done + size; applied++) {
          change.apply(applied);
        }
      }
      if (reader != null) {
        reader.run(Slot.HEADER_BYTES, this::takeRecord);
      }
    } finally {
      if (reader != null) {
        reader.close();
      }
    }
    for (; applied < count; applied++) {
      change.apply(applied);
    }
  }

  private RowKey.Id keyOf(int ordinal) {
    return key.of(keys.get(ValueLayout.JAVA_LONG_UNALIGNED, (first + ordinal) * Long.BYTES));
  }

  private void addCold(long location, int ordinal) {
    if (reader == null) {
      reader = tiers.readers().borrow();
      ownLocations = new long[count];
      ownSequences = new long[count];
    }
    reader.add(location, ordinal);
  }

  private void takeRecord(int ordinal, long location, long address, int payloadBytes) {
    if (keyspace.owns(address, payloadBytes, keyOf(ordinal))) {
      ownLocations[ordinal] = location;
      ownSequences[ordinal] = Slot.sequence(address);
    }
  }

  private ColdMatches knownOf(int ordinal) {
    known.clear();
    if (ownLocations.length > 0 && ownLocations[ordinal] != 0) {
      known.note(ownLocations[ordinal], true, ownSequences[ordinal]);
    }
    return known;
  }
}

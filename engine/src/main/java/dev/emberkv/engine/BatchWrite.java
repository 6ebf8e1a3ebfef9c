package dev.emberkv.engine;

import dev.emberkv.index.Location;
import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A batch of rows to write or delete in one table, under one sequence number. Records that share a
 * tag with a key are read first, all in one go, to learn whether they are the key's own; then the
 * rows go in one by one, in the order of the batch.
 *
 * <p>Not thread-safe; one per call.
 */
final class BatchWrite {
  private final Keyspace keyspace;
  private final Tiers tiers;
  private final MemorySegment keys;
  private final int count;
  private final long sequence;

  private final RowKey.Id key = new RowKey.Id();
  private final ColdMatches known = new ColdMatches();
  private long[] ownLocations = {};
  private long[] ownSequences = {};

  /** Keeps the touching loads alive. */
  @SuppressWarnings("UnusedVariable")
  private long touched;

  BatchWrite(Keyspace keyspace, Tiers tiers, MemorySegment keys) {
    this.keyspace = keyspace;
    this.tiers = tiers;
    this.keys = keys;
    this.count = (int) (keys.byteSize() / Long.BYTES);
    this.sequence = tiers.nextSequence();
  }

  /** Writes the rows. */
  void put(RowSource.Packed rows) {
    learnColdRows();
    for (int i = 0; i < count; i++) {
      keyspace.put(key.of(idAt(i)), rows.at(i), sequence, knownOf(i));
    }
  }

  /** Deletes the rows and returns how many there were. */
  long delete() {
    learnColdRows();
    long deleted = 0;
    for (int i = 0; i < count; i++) {
      if (keyspace.remove(key.of(idAt(i)), sequence, knownOf(i))) {
        deleted++;
      }
    }
    return deleted;
  }

  private long idAt(int ordinal) {
    return keys.get(ValueLayout.JAVA_LONG_UNALIGNED, (long) ordinal * Long.BYTES);
  }

  private void learnColdRows() {
    touchBuckets();
    RecordReader reader = null;
    try {
      for (int i = 0; i < count; i++) {
        long location = keyspace.index.lookup(keyspace.hash(idAt(i)));
        if (location == Location.NONE || Location.isDram(location)) {
          continue;
        }
        if (reader == null) {
          reader = tiers.readers().borrow();
          ownLocations = new long[count];
          ownSequences = new long[count];
        }
        reader.add(location, i);
      }
      if (reader != null) {
        reader.run(Slot.HEADER_BYTES, this::takeRecord);
      }
    } finally {
      if (reader != null) {
        reader.close();
      }
    }
  }

  private void touchBuckets() {
    long sum = 0;
    for (int i = 0; i < count; i++) {
      sum += RawMemory.getLong(keyspace.index.home(keyspace.hash(idAt(i))));
    }
    touched += sum;
  }

  private void takeRecord(int ordinal, long location, long address, int payloadBytes) {
    if (keyspace.owns(address, payloadBytes, key.of(idAt(ordinal)))) {
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

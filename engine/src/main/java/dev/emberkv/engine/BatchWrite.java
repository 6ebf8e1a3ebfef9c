package dev.emberkv.engine;

import dev.emberkv.compaction.CorruptionException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * A batch, or part of one, of rows to write or delete in one table, under one sequence number and
 * in the order of the batch. As long as no key has an entry on the device, each chunk is applied as
 * soon as it is found; from the first such key on, all entries are found first, then their records
 * are read in one go, to learn whether they are the keys' own, and then the rest is applied.
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

  private final RowKey.Id key;
  private final ColdMatches known = new ColdMatches();
  private @Nullable RecordReader reader;
  private long[] ownLocations = {};
  private long[] ownSequences = {};
  private int[] ownTimes = {};

  /** What is done to each row. */
  private interface Change {
    /**
     * Begins a chunk of entries as they were found.
     *
     * @param ordinal of its first row
     */
    void begin(int size, int ordinal);

    /** Applies it by the long way. */
    void apply(int ordinal);

    /**
     * Applies it to the entry at {@code i} of the chunk, as it was found.
     *
     * @return false when that takes the long way
     */
    boolean applyFound(int i, int ordinal);
  }

  BatchWrite(
      Keyspace keyspace,
      Tiers tiers,
      Stamp stamp,
      MemorySegment keys,
      long first,
      int count,
      Guard guard) {
    this.keyspace = keyspace;
    this.tiers = tiers;
    this.keys = keys;
    this.first = first;
    this.count = count;
    this.scratch = guard.scratch;
    this.key = guard.key;
    this.stamp = stamp;
  }

  /** Writes the rows. */
  void put(RowSource.Packed rows) {
    if (tiers.writesThrough()) {
      putThrough(rows);
    } else {
      putInPlace(rows);
    }
  }

  private void putInPlace(RowSource.Packed rows) {
    run(
        rows.payloadBytes(),
        new Change() {
          @Override
          public void begin(int size, int ordinal) {
            // each row by itself
          }

          @Override
          public void apply(int ordinal) {
            keyspace.writer.put(keyOf(ordinal), rows.at(first + ordinal), stamp, knownOf(ordinal));
          }

          @Override
          public boolean applyFound(int i, int ordinal) {
            return scratch.isHot(i)
                && keyspace.writer.overwriteFound(
                    scratch.homes[i],
                    scratch.headers[i],
                    scratch.slots[i],
                    key.of(scratch.ids[i]),
                    rows.at(first + ordinal),
                    stamp);
          }
        });
  }

  private void putThrough(RowSource.Packed rows) {
    int most = Math.min(count, BatchScratch.CHUNK);
    try (WriteThrough logged = new WriteThrough(keyspace, scratch, key, rows, stamp, most)) {
      run(
          rows.payloadBytes(),
          new Change() {
            @Override
            public void begin(int size, int ordinal) {
              logged.begin(size, first + ordinal);
            }

            @Override
            public void apply(int ordinal) {
              keyspace.writer.put(
                  keyOf(ordinal), rows.at(first + ordinal), stamp, knownOf(ordinal));
            }

            @Override
            public boolean applyFound(int i, int ordinal) {
              return logged.overwrite(i, first + ordinal);
            }
          });
    }
  }

  /** Deletes the rows and returns how many there were. */
  long delete() {
    long[] deleted = new long[1];
    run(
        0,
        new Change() {
          @Override
          public void begin(int size, int ordinal) {
            // each row by itself
          }

          @Override
          public void apply(int ordinal) {
            if (keyspace.writer.remove(keyOf(ordinal), stamp, knownOf(ordinal))) {
              deleted[0]++;
            }
          }

          @Override
          public boolean applyFound(int i, int ordinal) {
            return false;
          }
        });
    return deleted[0];
  }

  private void run(int payloadBytes, Change change) {
    int applied = 0;
    try {
      for (int done = 0; done < count; done += BatchScratch.CHUNK) {
        int size = Math.min(BatchScratch.CHUNK, count - done);
        scratch.find(keyspace, keys, first + done, size, payloadBytes);
        for (int i = 0; i < size; i++) {
          if (scratch.isCold(i)) {
            addCold(scratch.locations[i], done + i);
          }
        }
        if (reader == null) {
          change.begin(size, applied);
        }
        for (int i = 0; reader == null && i < size; i++, applied++) {
          if (!change.applyFound(i, applied)) {
            change.apply(applied);
          }
        }
      }
      if (reader != null) {
        reader.run(Slot.HEADER_BYTES, new Reading());
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
      ownTimes = new int[count];
    }
    reader.add(location, ordinal);
  }

  /** Notes which records are the keys' own, also damaged ones: these are to be replaced. */
  private final class Reading implements RecordConsumer {
    @Override
    public void accept(int ordinal, long location, long address, int payloadBytes) {
      if (keyspace.owns(address, payloadBytes, keyOf(ordinal))) {
        ownLocations[ordinal] = location;
        ownSequences[ordinal] = Slot.sequence(address);
        ownTimes[ordinal] = Slot.time(address);
      }
    }

    @Override
    public void damaged(int ordinal, long location, long address, CorruptionException damage) {
      if (keyspace.ownsDamaged(address, location, keyOf(ordinal))) {
        ownLocations[ordinal] = location;
        ownSequences[ordinal] = KeySearch.DAMAGED_SEQUENCE;
        ownTimes[ordinal] = KeySearch.DAMAGED_TIME;
      }
    }
  }

  private ColdMatches knownOf(int ordinal) {
    known.clear();
    if (ownLocations.length > 0 && ownLocations[ordinal] != 0) {
      known.note(ownLocations[ordinal], true, ownSequences[ordinal], ownTimes[ordinal]);
    }
    return known;
  }
}

package dev.emberkv.engine;

import dev.emberkv.compaction.CorruptionException;
import dev.emberkv.index.KeyHash;
import dev.emberkv.index.Location;
import org.jspecify.annotations.Nullable;

/**
 * The writing or deleting of fields that are rows of a {@link FieldTable}, as a part of a batch.
 * Where entries on the device have the fields' tags, all their records are read in one go first, to
 * learn whether they are older versions.
 *
 * <p>Used by one thread, inside the store's {@link Epoch} and under the lock of the hash's key.
 */
final class FieldBatch {
  private final Keyspace rows;
  private final Tiers tiers;
  private final StringProbe probe;
  private final StringBatch fields;
  private final long hashSeed;
  private @Nullable ColdMatches[] known = {};
  private @Nullable RecordReader reader;

  /** What is done to each row. */
  private interface Change {
    void apply(int n, RowKey.Text key, ColdMatches known);
  }

  FieldBatch(FieldTable table, Tiers tiers, Guard guard, StringBatch fields, long hashSeed) {
    this.rows = table.rows;
    this.tiers = tiers;
    this.probe = guard.strings;
    this.fields = fields;
    this.hashSeed = hashSeed;
  }

  /** Writes the fields in their order. */
  void put(Stamp stamp) {
    run((n, key, matches) -> {
      probe.row.of(fields.data(), fields.valueOffset(n), fields.valueBytes(n));
      rows.writer.put(key, probe.row, stamp, matches);
    });
  }

  /** Deletes the fields and returns how many there were. */
  int remove(Stamp stamp) {
    int[] removed = new int[1];
    run((n, key, matches) -> removed[0] += rows.writer.remove(key, stamp, matches) ? 1 : 0);
    return removed[0];
  }

  /** As long as no field is on the device, each chunk is changed as soon as it is found. */
  private void run(Change change) {
    int applied = 0;
    try {
      for (int from = 0; from < fields.size(); from += StringProbe.CHUNK) {
        int size = find(from);
        for (int i = 0; i < size; i++) {
          addCold(from, i);
        }
        if (reader == null) {
          apply(change, from, size);
          applied += size;
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
    while (applied < fields.size()) {
      int size = find(applied);
      apply(change, applied, size);
      applied += size;
    }
  }

  private int find(int from) {
    int size = Math.min(StringProbe.CHUNK, fields.size() - from);
    probe.find(rows, fields, from, size, hashSeed);
    return size;
  }

  private void addCold(int from, int i) {
    if (probe.slots[i] != 0) {
      return;
    }
    long location = rows.index.lookup(probe.hashes[i]);
    if (location != Location.NONE && !Location.isDram(location)) {
      if (reader == null) {
        reader = tiers.readers().borrow();
        known = new ColdMatches[fields.size()];
      }
      reader.add(location, from + i);
    }
  }

  /** Notes whose the records are, also damaged ones: these are to be replaced, not to be read. */
  private final class Reading implements RecordConsumer {
    @Override
    public void accept(int n, long location, long address, int payloadBytes) {
      boolean own = rows.owns(address, payloadBytes, keyOf(n));
      note(n, location, own, Slot.sequence(address), Slot.time(address));
    }

    @Override
    public void damaged(int n, long location, long address, CorruptionException damage) {
      boolean own = rows.ownsDamaged(address, location, keyOf(n));
      note(n, location, own, KeySearch.DAMAGED_SEQUENCE, KeySearch.DAMAGED_TIME);
    }

    private RowKey.Text keyOf(int n) {
      int offset = fields.keyOffset(n);
      int bytes = fields.keyBytes(n);
      long hash = KeyHash.ofBytes(fields.data(), offset, bytes, hashSeed);
      return new RowKey.Text().of(hash, fields.data(), offset, bytes);
    }

    private void note(int n, long location, boolean own, long sequence, int time) {
      ColdMatches matches = new ColdMatches();
      matches.note(location, own, sequence, time);
      known[n] = matches;
    }
  }

  private void apply(Change change, int from, int size) {
    for (int i = 0; i < size; i++) {
      int n = from + i;
      ColdMatches matches = known.length == 0 ? null : known[n];
      change.apply(n, probe.keyOf(fields, n, i), matches == null ? new ColdMatches() : matches);
    }
  }
}

package dev.emberkv.engine;

import dev.emberkv.compaction.CorruptionException;
import dev.emberkv.index.Location;

/**
 * The search for a key among the entries with its tag, under the lock of its bucket. What only the
 * log can tell is read between two tries, outside the lock.
 *
 * <p>Used by one thread, inside the store's {@link Epoch}.
 */
final class KeySearch {
  /** What a damaged record's sequence is taken for: any write is newer. */
  static final long DAMAGED_SEQUENCE = 0;

  /** What its time is taken for: it has not expired, so that reading it fails. */
  static final int DAMAGED_TIME = -1;

  final long hash;
  private final Keyspace keyspace;
  private final RowKey key;
  private final ColdMatches known;

  /** Where the row is. */
  long found = Location.NONE;

  /** A log location that must be read before the search can go on. */
  long unknown = Location.NONE;

  KeySearch(Keyspace keyspace, RowKey key, ColdMatches known) {
    this.keyspace = keyspace;
    this.key = key;
    this.known = known;
    this.hash = keyspace.hash(key.header());
  }

  void run(long home) {
    found = Location.NONE;
    unknown = Location.NONE;
    for (long location = keyspace.index.findLocked(home, hash);
        location != Location.NONE;
        location = keyspace.index.findNextLocked(home, hash, location)) {
      if (isOwn(location)) {
        found = location;
        unknown = Location.NONE;
        return;
      }
      if (!Location.isDram(location) && !known.isOther(location)) {
        unknown = location;
      }
    }
  }

  private boolean isOwn(long location) {
    if (!Location.isDram(location)) {
      return known.isOwn(location);
    }
    long slot = keyspace.slotAddress(location);
    return keyspace.owns(slot, Slot.payloadBytes(Slot.state(slot)), key);
  }

  long foundSequence() {
    return Location.isDram(found)
        ? Slot.sequence(keyspace.slotAddress(found))
        : known.ownSequence();
  }

  int foundTime() {
    return Location.isDram(found) ? Slot.time(keyspace.slotAddress(found)) : known.ownTime();
  }

  /** Reads the record that the search stopped at; outside the lock. */
  void readUnknown() {
    keyspace.tiers.readers().read(unknown, new Reading());
  }

  /** Notes whose the record is, also if it is damaged: it is to be replaced, not to be read. */
  private final class Reading implements RecordConsumer {
    @Override
    public void accept(int ordinal, long location, long address, int payloadBytes) {
      boolean own = keyspace.owns(address, payloadBytes, key);
      known.note(location, own, Slot.sequence(address), Slot.time(address));
    }

    @Override
    public void damaged(int ordinal, long location, long address, CorruptionException damage) {
      known.note(
          location, keyspace.ownsDamaged(address, location, key), DAMAGED_SEQUENCE, DAMAGED_TIME);
    }
  }
}

package dev.emberkv.engine;

import dev.emberkv.index.HashIndex;
import dev.emberkv.index.Location;
import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The change of one row by what it was before, wherever it is: in its slot under the lock where
 * that will do, else as a new version that replaces just the one it was made from, and is made
 * again when that one is gone.
 *
 * <p>Used by one thread, inside the store's {@link Epoch}.
 */
final class RowUpdate {
  private final Keyspace keyspace;
  private final RowKey key;
  private final RowChange change;
  private final KeySearch search;
  private Stamp stamp;

  /** Whether the row may be made where there is none; null as long as nobody asked. */
  private @Nullable Boolean admitted;

  /** The version that a new one is made from. */
  static final class Base {
    /** Where it is; {@link Location#NONE} when there is no such row. */
    final long location;

    final long sequence;
    final byte @Nullable [] payload;

    /** Whether the row that is made starts anew: there is none, or its life is over. */
    final boolean absent;

    Base(long location, long sequence, byte @Nullable [] payload, boolean absent) {
      this.location = location;
      this.sequence = sequence;
      this.payload = payload;
      this.absent = absent;
    }

    /** Returns whether a search under the lock has found this version. */
    boolean isFoundBy(KeySearch search) {
      return search.found == location
          && (location == Location.NONE || search.foundSequence() == sequence);
    }
  }

  RowUpdate(Keyspace keyspace, RowKey key, RowChange change, Stamp stamp) {
    this.keyspace = keyspace;
    this.key = key;
    this.change = change;
    this.stamp = stamp;
    this.search = new KeySearch(keyspace, key, new ColdMatches());
  }

  /** Changes the row; leaves it at that when there is none and it is not to be made. */
  void run() {
    while (true) {
      Base base = null;
      RowWriter.Attempt attempt;
      long home = keyspace.index.lock(search.hash);
      try {
        search.run(home);
        attempt = changeFound();
        if (attempt == RowWriter.Attempt.NOT_IN_PLACE) {
          base = baseOf(search.found);
        }
      } finally {
        HashIndex.unlock(home);
      }
      switch (attempt) {
        case DONE -> {
          return;
        }
        case READ_FIRST -> search.readUnknown();
        case LOG_FIRST -> keyspace.writer.logVersionOf(keyspace.slotAddress(search.found));
        default -> {
          if (base != null) {
            Base read = base.payload == null && !base.absent ? readRecord(base) : base;
            if (!mayReplace(read) || replace(read)) {
              return;
            }
          }
        }
      }
    }
  }

  /** Returns whether the row is there, or may be made. */
  private boolean mayReplace(Base base) {
    if (!base.absent) {
      return true;
    }
    if (admitted == null) {
      admitted = change.admits();
    }
    return admitted;
  }

  /** Changes the row in its slot, if that is possible and it is there; under the lock. */
  private RowWriter.Attempt changeFound() {
    if (search.unknown != Location.NONE) {
      return RowWriter.Attempt.READ_FIRST;
    }
    long found = search.found;
    if (found == Location.NONE || !Location.isDram(found) || keyspace.tiers.writesThrough()) {
      return RowWriter.Attempt.NOT_IN_PLACE;
    }
    return keyspace.writer.changeSlot(keyspace.slotAddress(found), change, stamp);
  }

  /** Notes the version that was found; a copy of it where it is in DRAM. Under the lock. */
  private Base baseOf(long found) {
    if (found == Location.NONE) {
      return new Base(found, 0, null, true);
    }
    if (!Location.isDram(found)) {
      return new Base(found, search.foundSequence(), null, false);
    }
    return versionAt(found, search.foundSequence(), keyspace.slotAddress(found));
  }

  /** Copies the version in a slot or a record, unless its life is over. */
  private Base versionAt(long location, long sequence, long address) {
    if (Keyspace.isOver(address, keyspace.expiredUntil(stamp))) {
      return new Base(location, sequence, null, true);
    }
    byte[] payload = new byte[change.payloadBytes()];
    RawMemory.copy(Slot.payload(address), MemorySegment.ofArray(payload), 0, payload.length);
    return new Base(location, sequence, payload, false);
  }

  /** Puts a new version in the place of another; false when that one is gone. */
  private boolean replace(Base base) {
    if (base.sequence > stamp.sequence()) {
      stamp = stamp.renewed(keyspace.tiers.clock().next());
    }
    NewRow target = new NewRow(keyspace, key, new RowSource.Changed(change, base.payload), stamp);
    boolean placed = false;
    try {
      placed = keyspace.writer.place(target, search, base) == RowWriter.Attempt.DONE;
    } finally {
      if (!placed) {
        target.discard();
      }
    }
    if (!placed) {
      // what the log may have of this attempt must not count beside the next one
      stamp = stamp.renewed(keyspace.tiers.clock().next());
    }
    return placed;
  }

  /** Reads the version that was found on the device. */
  private Base readRecord(Base noted) {
    Base[] read = new Base[1];
    keyspace
        .tiers
        .readers()
        .read(
            noted.location,
            (ordinal, at, address, payloadBytes) ->
                read[0] = versionAt(noted.location, noted.sequence, address));
    return read[0];
  }
}

package dev.emberkv.engine;

import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.index.HashIndex;
import dev.emberkv.index.KeyHash;
import dev.emberkv.index.Location;
import java.lang.foreign.Arena;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The rows of one table, or of the string keys: where they are, and how one is read, written and
 * removed, whatever tier it is in.
 *
 * <p>Thread-safe, inside the store's {@link Epoch}. All changes of a row are made under the lock of
 * its home bucket in the index, one bucket at a time, and nothing that may wait (allocation, log,
 * device) happens under it. Readers take no lock: they copy a row out of its slot and then ask the
 * index whether the bucket is unchanged.
 *
 * <p>A row carries the sequence number of the batch that wrote it, and of two versions of a row the
 * higher one counts, at run time as in recovery. So a batch that reaches a row after a newer one
 * leaves it alone, as if it had come first; and a row that is new while a deletion nearby had a
 * higher number takes a fresh number of its own.
 */
final class Keyspace {
  /** Rows with a larger payload than this are never in DRAM. */
  static final int MAX_SLOT_PAYLOAD_BYTES = 512 << 10;

  private static final long USE_SALT = 0xa0761d6478bd642fL;
  private static final int DELETION_STRIPE_BITS = 8;

  final int id;
  final int kind;
  final HashIndex index;
  final Tiers tiers;

  /** What the index takes, for the budget. */
  final LongSupplier memoryBytes;

  private final long hashSeed;
  private final SlabPool slabs;

  /** The class that the newest slot came from; a table has only the one. Set and read racily. */
  private @Nullable SlotClass lastClass;

  private final AtomicLongArray deletions = new AtomicLongArray(1 << DELETION_STRIPE_BITS);

  Keyspace(int id, int kind, long hashSeed, Tiers tiers) {
    this.id = id;
    this.kind = kind;
    this.hashSeed = hashSeed;
    this.tiers = tiers;
    this.slabs = tiers.slabs();
    this.index = HashIndex.create(location -> hash(keyAt(location)));
    this.memoryBytes = index::memoryBytes;
  }

  /** Returns the index's hash of what stands in the key field of a header. */
  long hash(long headerKey) {
    return kind == RecordFormat.ROW ? KeyHash.ofId(headerKey, hashSeed) : headerKey;
  }

  /** Returns the hash of a row among those of all keyspaces, under which its uses are counted. */
  long useHash(long hash) {
    return hash + id * USE_SALT;
  }

  /** Returns whether the index points to a location under this hash; its home is locked. */
  boolean holds(long home, long hash, long location) {
    long found = index.findLocked(home, hash);
    while (found != Location.NONE && found != location) {
      found = index.findNextLocked(home, hash, found);
    }
    return found == location;
  }

  long slotAddress(long location) {
    return slabs.address(Location.granule(location));
  }

  /** Returns whether a slot or a record belongs to a key of this keyspace. */
  boolean owns(long address, int payloadBytes, RowKey key) {
    return Slot.table(address) == id && key.matches(address, payloadBytes);
  }

  /** Frees the slots of a keyspace that no operation uses any more. */
  void freeSlots() {
    index.forEach((hash, knownBits, location) -> {
      if (Location.isDram(location)) {
        slabs.free(slotAddress(location));
      }
    });
  }

  private long keyAt(long location) {
    if (Location.isDram(location)) {
      return Slot.key(slotAddress(location));
    }
    long[] key = new long[1];
    tiers
        .resolverReaders()
        .read(location, (ordinal, at, address, bytes) -> key[0] = Slot.key(address));
    return key[0];
  }

  // Reading

  /** Finds a row and shows it to the reader; returns its {@link RowStatus}. */
  byte read(RowKey key, RowReader reader) {
    long hash = hash(key.header());
    while (true) {
      long home = index.home(hash);
      long header = HashIndex.version(home);
      if (header == HashIndex.MOVED) {
        continue;
      }
      byte status = readOnce(key, hash, home, header, reader);
      if (status == RowStatus.COLD || HashIndex.unchanged(home, header)) {
        return status;
      }
    }
  }

  /**
   * Reads in one state of the bucket; but for cold rows, the answer counts if it has not changed.
   */
  private byte readOnce(RowKey key, long hash, long home, long header, RowReader reader) {
    for (long location = index.find(home, header, hash);
        location != Location.NONE;
        location = index.findNext(home, header, hash, location)) {
      if (Location.isDram(location)) {
        long slot = slotAddress(location);
        int payloadBytes = Slot.payloadBytes(Slot.state(slot));
        if (payloadBytes <= MAX_SLOT_PAYLOAD_BYTES && owns(slot, payloadBytes, key)) {
          reader.accept(Slot.payload(slot), payloadBytes);
          slabs.touch(slot);
          return RowStatus.HOT;
        }
      } else if (readCold(key, hash, location, reader)) {
        return RowStatus.COLD;
      }
      tiers.counters().falsePositives.increment();
    }
    return RowStatus.MISSING;
  }

  private boolean readCold(RowKey key, long hash, long location, RowReader reader) {
    boolean[] found = new boolean[1];
    tiers
        .readers()
        .read(
            location,
            (ordinal, at, address, payloadBytes) -> {
              if (owns(address, payloadBytes, key)) {
                reader.accept(Slot.payload(address), payloadBytes);
                admit(hash, location, address, payloadBytes);
                found[0] = true;
              }
            });
    return found[0];
  }

  /**
   * Brings a row that was read from the log into DRAM, if it is asked for often enough and has not
   * moved meanwhile.
   */
  void admit(long hash, long location, long record, int payloadBytes) {
    if (payloadBytes > MAX_SLOT_PAYLOAD_BYTES) {
      return;
    }
    long slot = tiers.evictor().admit(slotClass(payloadBytes), useHash(hash));
    if (slot == 0) {
      return;
    }
    Slot.copyRow(record, slot, payloadBytes);
    Slot.setState(slot, Slot.stateOf(payloadBytes, 0, Location.granule(location)));
    long home = index.lock(hash);
    boolean replaced;
    try {
      replaced = index.replace(home, hash, location, dram(slot));
    } finally {
      HashIndex.unlock(home);
    }
    if (replaced) {
      tiers.counters().admissions.increment();
    } else {
      slabs.free(slot);
    }
  }

  long dram(long slot) {
    return Location.dram(slabs.granule(slot));
  }

  /** Takes a slot for a row that is written; waits for room if it must. */
  long newSlot(RowKey key, int payloadBytes) {
    return tiers.evictor().allocate(slotClass(payloadBytes), useHash(hash(key.header())));
  }

  private SlotClass slotClass(int payloadBytes) {
    SlotClass slotClass = lastClass;
    if (slotClass == null || slotClass.slotBytes != SlabPool.slotBytes(kind, payloadBytes)) {
      slotClass = slabs.classFor(kind, payloadBytes);
      lastClass = slotClass;
    }
    return slotClass;
  }

  // Writing

  /**
   * Overwrites a row in place if it is in DRAM.
   *
   * @return false when it is not, or when the new row needs a slot of another size
   */
  boolean overwrite(RowKey key, RowSource row, Stamp stamp) {
    long hash = hash(key.header());
    long home = index.lock(hash);
    try {
      for (long location = index.findLocked(home, hash);
          location != Location.NONE;
          location = index.findNextLocked(home, hash, location)) {
        if (Location.isDram(location)) {
          long slot = slotAddress(location);
          long state = Slot.state(slot);
          if (owns(slot, Slot.payloadBytes(state), key)) {
            return overwriteSlot(slot, state, row, stamp);
          }
        }
      }
      return false;
    } finally {
      HashIndex.unlock(home);
    }
  }

  /**
   * Overwrites the row of a slot that a search without the lock has found.
   *
   * @param header of the home, as it was when the slot was found
   * @return false when the bucket has changed since, or the row is another key's
   */
  boolean overwriteFound(
      long home, long header, long slot, RowKey key, RowSource row, Stamp stamp) {
    if (tiers.writesThrough() || !HashIndex.tryLock(home, header)) {
      return false;
    }
    boolean done = false;
    try {
      long state = Slot.state(slot);
      done = owns(slot, Slot.payloadBytes(state), key) && overwriteSlot(slot, state, row, stamp);
    } finally {
      if (done) {
        HashIndex.unlock(home);
      } else {
        HashIndex.unlockUnchanged(home);
      }
    }
    return done;
  }

  private boolean overwriteSlot(long slot, long state, RowSource row, Stamp stamp) {
    int payloadBytes = row.payloadBytes();
    if (SlabPool.slotBytes(kind, payloadBytes)
        != SlabPool.slotBytes(kind, Slot.payloadBytes(state))) {
      return false;
    }
    if (Slot.sequence(slot) <= stamp.sequence()) {
      row.writeTo(Slot.payload(slot));
      Slot.setVersion(slot, stamp);
      long flags = (state & Slot.FLUSHING) | Slot.DIRTY;
      Slot.setState(slot, Slot.stateOf(payloadBytes, flags, Slot.home(state)));
      slabs.markDirty(slot);
      slabs.touch(slot);
    }
    return true;
  }

  /**
   * Writes a row, new or over an existing one.
   *
   * @param known what the caller read of the key's log locations already; empty if nothing
   */
  void put(RowKey key, RowSource row, Stamp stamp, ColdMatches known) {
    if (!tiers.writesThrough() && overwrite(key, row, stamp)) {
      return;
    }
    NewRow target = new NewRow(this, key, row, stamp);
    KeySearch search = new KeySearch(this, key, known);
    while (!tryPlace(target, search)) {
      if (search.unknown == Location.NONE) {
        target = target.renewed();
      } else {
        search.readUnknown();
      }
    }
  }

  /** Makes the index point to the row; false when more must be known, or its number is too old. */
  private boolean tryPlace(NewRow target, KeySearch search) {
    long old = Location.NONE;
    boolean placed = false;
    boolean outrun = false;
    long home = index.lock(search.hash);
    try {
      search.run(home);
      if (search.unknown != Location.NONE) {
        return false;
      }
      old = search.found;
      if (old == Location.NONE) {
        if (deletions.get(stripe(search.hash)) >= target.stamp.sequence()) {
          return false;
        }
        index.insert(home, search.hash, target.location(0));
        placed = true;
      } else if (search.foundSequence() <= target.stamp.sequence()) {
        index.replace(home, search.hash, old, target.location(logHome(old)));
        placed = true;
        outrun = !detach(old);
      }
    } finally {
      HashIndex.unlock(home);
    }
    if (!placed) {
      target.discard();
    } else if (!outrun && old != Location.NONE && Location.isDram(old)) {
      slabs.free(slotAddress(old));
    }
    return true;
  }

  /** Returns the granule of the newest log record of a row that the index points to. */
  private long logHome(long location) {
    return Location.isDram(location)
        ? Slot.home(Slot.state(slotAddress(location)))
        : Location.granule(location);
  }

  /** Takes a row's slot out of use, under the lock; false when a flush will free it. */
  private boolean detach(long location) {
    if (Location.isDram(location)) {
      long slot = slotAddress(location);
      long state = Slot.state(slot);
      if (Slot.has(state, Slot.FLUSHING)) {
        Slot.setState(slot, state | Slot.ORPHAN);
        return false;
      }
    }
    return true;
  }

  /**
   * Removes a row and logs that it is gone.
   *
   * @return whether it was there
   */
  boolean remove(RowKey key, Stamp stamp, ColdMatches known) {
    KeySearch search = new KeySearch(this, key, known);
    while (true) {
      boolean free = false;
      boolean logged = false;
      long home = index.lock(search.hash);
      try {
        search.run(home);
        if (search.unknown == Location.NONE) {
          if (search.found == Location.NONE) {
            return false;
          }
          if (search.foundSequence() >= stamp.sequence()) {
            stamp = tiers.nextStamp();
          }
          logged = isLogged(search.found);
          index.remove(home, search.hash, search.found);
          raiseDeletions(search.hash, stamp.sequence());
          free = detach(search.found) && Location.isDram(search.found);
        }
      } finally {
        HashIndex.unlock(home);
      }
      if (search.unknown != Location.NONE) {
        search.readUnknown();
        continue;
      }
      if (free) {
        slabs.free(slotAddress(search.found));
      }
      if (logged) {
        logTombstone(key, stamp);
      }
      return true;
    }
  }

  /** Returns whether the log has, or is about to get, a record of the row. */
  private boolean isLogged(long location) {
    if (!Location.isDram(location)) {
      return true;
    }
    long state = Slot.state(slotAddress(location));
    return Slot.home(state) != 0 || Slot.has(state, Slot.FLUSHING);
  }

  private void logTombstone(RowKey key, Stamp stamp) {
    int payloadBytes = key.tombstoneBytes();
    try (Arena arena = Arena.ofConfined()) {
      long payload = arena.allocate(Math.max(1, payloadBytes)).address();
      key.writeTombstone(payload);
      tiers
          .log()
          .append(
              RecordFormat.TOMBSTONE,
              id,
              key.header(),
              stamp.sequence(),
              stamp.time(),
              payload,
              payloadBytes);
    }
  }

  private void raiseDeletions(long hash, long sequence) {
    deletions.accumulateAndGet(stripe(hash), sequence, Math::max);
  }

  private static int stripe(long hash) {
    return (int) (hash >>> (Long.SIZE - DELETION_STRIPE_BITS));
  }
}

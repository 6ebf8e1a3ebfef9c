package dev.emberkv.engine;

import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.index.HashIndex;
import dev.emberkv.index.KeyHash;
import dev.emberkv.index.Location;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The rows of one table, or of the string keys: where they are, how one is read, whatever tier it
 * is in, and how it moves between them. Its {@link #writer} changes rows.
 *
 * <p>Thread-safe, inside the store's {@link Epoch}. All changes of a row are made under the lock of
 * its home bucket in the index, one bucket at a time, and nothing that may wait (allocation, log,
 * device) happens under it. Readers take no lock: they copy a row out of its slot and then ask the
 * index whether the bucket is unchanged.
 */
final class Keyspace {
  /** Rows with a larger payload than this are never in DRAM. */
  static final int MAX_SLOT_PAYLOAD_BYTES = 512 << 10;

  /** In place of a {@link RowStatus}: a record with the tag of a key is another one's. */
  private static final byte NOT_ITS_OWN = -1;

  private static final long USE_SALT = 0xa0761d6478bd642fL;

  final int id;
  final int kind;
  final HashIndex index;
  final Tiers tiers;

  /** Changes the rows. */
  final RowWriter writer;

  /** Where the log has the definition of the table, or of the string keys. */
  final AtomicLong definition;

  /**
   * The number under which the table was defined, or the string keys; its rows have higher ones.
   */
  final long definedAt;

  /** The tokens of the newest pushes. */
  final PushTokens tokens = new PushTokens();

  /** Whether rows are made from what they were before. Set before the first row is written. */
  boolean learns;

  /** Decides which ids get a row; null when all do. Set before the first row is written. */
  @Nullable FeatureGate gate;

  /**
   * The time of rows that expire or have scores; null when they stay. Set before the first row is
   * written.
   */
  @Nullable TableClock clock;

  /** How long rows live after their last write, 0 for ever. Set with the clock. */
  long ttlSeconds;

  /** What index and counters take, for the budget. */
  final LongSupplier memoryBytes;

  private final long hashSeed;
  private final SlabPool slabs;

  /** The class that the newest slot came from; a table has only the one. Set and read racily. */
  private @Nullable SlotClass lastClass;

  /** Makes a keyspace without rows, with an index for as many as are expected. */
  Keyspace(
      int id,
      int kind,
      long definition,
      long definedAt,
      long hashSeed,
      long expectedRows,
      Tiers tiers) {
    this.definition = new AtomicLong(definition);
    this.definedAt = definedAt;
    this.id = id;
    this.kind = kind;
    this.hashSeed = hashSeed;
    this.tiers = tiers;
    this.slabs = tiers.slabs();
    this.index = HashIndex.createFor(expectedRows, location -> hash(keyAt(location)));
    this.writer = new RowWriter(this);
    this.memoryBytes = () -> index.memoryBytes() + gateBytes();
  }

  private long gateBytes() {
    FeatureGate counting = gate;
    return counting == null ? 0 : counting.memoryBytes();
  }

  /**
   * Returns the time of a write.
   *
   * @param given what the writer gave; 0 for none
   * @throws IllegalArgumentException when the table takes no such time
   */
  int stampTime(long given) {
    TableClock time = clock;
    if (time != null) {
      return time.stamp(given);
    }
    if (given != 0) {
      throw new IllegalArgumentException("rows of the table do not expire by a time of their own");
    }
    return Tiers.wallSeconds();
  }

  /** Returns until when a row must have been written to be over now; below 0 when none is. */
  long expiredUntil() {
    TableClock time = clock;
    return time == null || ttlSeconds == 0 ? -1 : time.now() - ttlSeconds;
  }

  /**
   * Returns until when a row must have been written to be over for a batch; below 0 when none is.
   * What a batch makes of a row depends on their times alone, not on how far the clock is, or
   * whether the row has been dropped already.
   */
  long expiredUntil(Stamp stamp) {
    return ttlSeconds == 0 ? -1 : Integer.toUnsignedLong(stamp.time()) - ttlSeconds;
  }

  /** Returns whether the life of the row in a slot or a record is over. */
  static boolean isOver(long address, long expiredUntil) {
    return expiredUntil >= 0 && isOver(Slot.time(address), expiredUntil);
  }

  static boolean isOver(int time, long expiredUntil) {
    return Integer.toUnsignedLong(time) <= expiredUntil;
  }

  /** Returns what to answer for a row that is not there. */
  byte missed(long id, long hash) {
    FeatureGate counting = gate;
    return counting == null ? RowStatus.MISSING : counting.missed(id, hash);
  }

  /** Frees the memory; nobody uses the keyspace any more. */
  void close() {
    index.close();
    if (gate != null) {
      gate.close();
    }
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

  /**
   * Returns whether a damaged record, which the index has under the tag of a key, is to be replaced
   * by a write of that key. Only if its header names another key, under which the index has it as
   * well, it is not: a wrong guess needs damage of just the key field and a second key with the tag
   * in the same bucket, and costs what could not be read anyway.
   */
  boolean ownsDamaged(long address, long location, RowKey key) {
    long named = Slot.key(address);
    return named == key.header() || Slot.table(address) != id || !holds(hash(named), location);
  }

  private boolean holds(long hash, long location) {
    long home = index.lock(hash);
    try {
      return holds(home, hash, location);
    } finally {
      HashIndex.unlockUnchanged(home);
    }
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
          if (isOver(slot, expiredUntil())) {
            return RowStatus.MISSING;
          }
          reader.accept(Slot.payload(slot), payloadBytes);
          slabs.touch(slot);
          return RowStatus.HOT;
        }
      } else {
        byte status = readCold(key, hash, location, reader);
        if (status != NOT_ITS_OWN) {
          return status;
        }
      }
      tiers.counters().falsePositives.increment();
    }
    return RowStatus.MISSING;
  }

  private byte readCold(RowKey key, long hash, long location, RowReader reader) {
    byte[] found = {NOT_ITS_OWN};
    tiers
        .readers()
        .read(
            location,
            (ordinal, at, address, payloadBytes) -> {
              if (!owns(address, payloadBytes, key)) {
                return;
              }
              if (isOver(address, expiredUntil())) {
                found[0] = RowStatus.MISSING;
              } else {
                reader.accept(Slot.payload(address), payloadBytes);
                admit(hash, location, address, payloadBytes);
                found[0] = RowStatus.COLD;
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
    if (place(slot, hash, location, record, payloadBytes)) {
      tiers.counters().admissions.increment();
    }
  }

  /**
   * Brings a row that was read from the log into DRAM ahead of its use, and pins it there.
   *
   * @return false when no more rows can be pinned
   */
  boolean admitPinned(long hash, long location, long record, int payloadBytes, long deadlineNanos) {
    SlotClass slotClass = slotClass(payloadBytes);
    long slot = tiers.evictor().allocatePinned(slotClass, useHash(hash));
    if (slot == 0) {
      return false;
    }
    if (!place(slot, hash, location, record, payloadBytes)) {
      tiers.counters().prefetchesLate.increment();
    } else if (!slotClass.pin(slot, deadlineNanos)) {
      slabs.counts().set(slot, UseCounts.ordinary(1));
      return false;
    }
    return true;
  }

  /** Pins a row that was found in DRAM; false when no more rows can be pinned. */
  boolean pin(long hash, long slot, long deadlineNanos) {
    SlotClass slotClass = slabs.slabOf(slot).ownerOrNull();
    return slotClass == null
        || tiers.evictor().pinResident(slotClass, slot, useHash(hash), deadlineNanos);
  }

  /** Puts a row into a slot, and the index to it, unless the row has moved; then frees the slot. */
  private boolean place(long slot, long hash, long location, long record, int payloadBytes) {
    Slot.copyRow(record, slot, payloadBytes);
    Slot.setState(slot, Slot.stateOf(payloadBytes, 0, Location.granule(location)));
    long home = index.lock(hash);
    boolean replaced;
    try {
      replaced = index.replace(home, hash, location, dram(slot));
    } finally {
      HashIndex.unlock(home);
    }
    if (!replaced) {
      slabs.free(slot);
    }
    return replaced;
  }

  /** Brings a row that was read from the log into DRAM, to be changed there. */
  void bringIn(RowKey key, long location, long record, int payloadBytes) {
    if (payloadBytes <= MAX_SLOT_PAYLOAD_BYTES) {
      long hash = hash(key.header());
      long slot = tiers.evictor().allocate(slotClass(payloadBytes), useHash(hash));
      place(slot, hash, location, record, payloadBytes);
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

  // Moving and leaving

  /** Declares a record dead, of which the index has lost sight; 0 for none. */
  void markDead(long record) {
    if (record != 0) {
      tiers.log().markDead(record);
    }
  }

  /**
   * Points to the copy of a record instead of the original, be it from the index or as the home of
   * a slot.
   *
   * @return false when nothing points to the original any more
   */
  boolean relocate(long hash, long from, long to) {
    long home = index.lock(hash);
    try {
      if (index.replace(home, hash, Location.cold(from), Location.cold(to))) {
        return true;
      }
      for (long location = index.findLocked(home, hash);
          location != Location.NONE;
          location = index.findNextLocked(home, hash, location)) {
        if (Location.isDram(location)) {
          long slot = slotAddress(location);
          long state = Slot.state(slot);
          if (Slot.home(state) == from) {
            Slot.setState(slot, Slot.withHome(state, to));
            return true;
          }
        }
      }
      return false;
    } finally {
      HashIndex.unlock(home);
    }
  }

  /** Declares all records dead that the index points to; nobody changes it any more. */
  void markAllDead() {
    index.forEach((hash, knownBits, location) -> markDead(logHome(location)));
    tokens.forEachRecord(this::markDead);
  }

  /** Returns the granule of the newest log record of a row that the index points to. */
  long logHome(long location) {
    return Location.isDram(location)
        ? Slot.home(Slot.state(slotAddress(location)))
        : Location.granule(location);
  }

  /**
   * Takes a row's slot out of use, under the lock.
   *
   * @return whether the caller is to free it; not when there is none, or a flush will
   */
  boolean detach(long location) {
    if (!Location.isDram(location)) {
      return false;
    }
    long slot = slotAddress(location);
    long state = Slot.state(slot);
    if (Slot.has(state, Slot.FLUSHING)) {
      Slot.setState(slot, state | Slot.ORPHAN);
      return false;
    }
    return true;
  }
}

package dev.emberkv.engine;

import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.index.HashIndex;
import dev.emberkv.index.KeyHash;
import dev.emberkv.index.Location;
import java.lang.foreign.Arena;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
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
 * higher number takes a fresh number of its own. Where a flush has cut the sequence between two
 * batches that meet at a row, the version before the cut is logged, whichever of them comes first
 * (see {@link CommitClock}).
 *
 * <p>Where rows {@link #learns learn}, a version follows from the one before, and no write can be
 * left out as if it had come first: a batch that reaches a row after a newer one takes a fresh
 * number for it. Pushes keep cuts away while they run, so one never meets a row from behind a cut
 * that it is before.
 */
final class Keyspace {
  /** Rows with a larger payload than this are never in DRAM. */
  static final int MAX_SLOT_PAYLOAD_BYTES = 512 << 10;

  /** In place of a {@link RowStatus}: a record with the tag of a key is another one's. */
  private static final byte NOT_ITS_OWN = -1;

  private static final long USE_SALT = 0xa0761d6478bd642fL;
  private static final int DELETION_STRIPE_BITS = 8;
  private static final long ANY_VERSION = 0;

  /** How long to wait for another thread that is writing the same row back. */
  private static final long WRITE_BACK_PAUSE_NANOS = 20_000;

  final int id;
  final int kind;
  final HashIndex index;
  final Tiers tiers;

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

  private final AtomicLongArray deletions = new AtomicLongArray(1 << DELETION_STRIPE_BITS);

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

  // Writing

  /** What became of an attempt to change a row under the lock. */
  enum Attempt {
    DONE,
    /** Nothing was to be done: a newer version is there, or no row to remove. */
    NEEDLESS,
    /** The row is not in DRAM, or its slot has another size. */
    NOT_IN_PLACE,
    /** A row nearby was deleted under a higher number: take a fresh one. */
    TOO_OLD,
    /** An entry's record must be read first, to know whose it is. */
    READ_FIRST,
    /** The version that is there must be logged first, since a cut lies behind it. */
    LOG_FIRST
  }

  /**
   * Overwrites the row of a slot that a search without the lock has found.
   *
   * @param header of the home, as it was when the slot was found
   * @return false when the bucket has changed since, or the row is another key's
   */
  boolean overwriteFound(
      long home, long header, long slot, RowKey key, RowSource.Packed row, Stamp stamp) {
    if (tiers.writesThrough()) {
      return overwriteThrough(home, header, slot, key, row, stamp);
    }
    if (!HashIndex.tryLock(home, header)) {
      return false;
    }
    boolean done = false;
    try {
      long state = Slot.state(slot);
      done =
          owns(slot, Slot.payloadBytes(state), key)
              && overwriteSlot(slot, state, row, stamp) == Attempt.DONE;
    } finally {
      if (done) {
        HashIndex.unlock(home);
      } else {
        HashIndex.unlockUnchanged(home);
      }
    }
    return done;
  }

  /**
   * Logs a row and overwrites it in its slot, which stays clean. The record comes first, as nothing
   * waits under a lock; if the bucket changes meanwhile, it is one that nothing points to. Rows
   * that learn take the long way: the caller's bytes are not all of theirs.
   */
  private boolean overwriteThrough(
      long home, long header, long slot, RowKey key, RowSource.Packed row, Stamp stamp) {
    long seen = Slot.state(slot);
    if (learns
        || !hasPlaceFor(seen, row)
        || !owns(slot, Slot.payloadBytes(seen), key)
        || !HashIndex.unchanged(home, header)) {
      return false;
    }
    long record =
        row.append(
            tiers.log(), tiers.loggedKind(kind, stamp), id, key, stamp.sequence(), stamp.time());
    if (!HashIndex.tryLock(home, header)) {
      markDead(record);
      return false;
    }
    // Nothing has changed since the slot was found to be the row's, and to have room.
    long dead = record;
    try {
      if (Slot.sequence(slot) <= stamp.sequence()) {
        long state = Slot.state(slot);
        assert !Slot.has(state, Slot.DIRTY | Slot.FLUSHING) : "a dirty row with write-through";
        dead = Slot.home(state);
        row.writeTo(Slot.payload(slot));
        Slot.setVersion(slot, stamp);
        Slot.setState(slot, Slot.stateOf(row.payloadBytes(), 0, record));
      }
    } finally {
      HashIndex.unlock(home);
    }
    markDead(dead);
    slabs.touch(slot);
    return true;
  }

  /** Returns whether a row fits exactly into the slot of another one. */
  private boolean hasPlaceFor(long state, RowSource row) {
    return SlabPool.slotBytes(kind, row.payloadBytes())
        == SlabPool.slotBytes(kind, Slot.payloadBytes(state));
  }

  private Attempt overwriteSlot(long slot, long state, RowSource row, Stamp stamp) {
    int payloadBytes = row.payloadBytes();
    long there = Slot.sequence(slot);
    if (learns && there > stamp.sequence()) {
      return Attempt.NOT_IN_PLACE;
    }
    if (!hasPlaceFor(state, row) || tiers.isCutBetween(stamp.sequence(), there)) {
      return Attempt.NOT_IN_PLACE;
    }
    if (mustLogFirst(slot, state, stamp)) {
      return Attempt.LOG_FIRST;
    }
    if (there <= stamp.sequence()) {
      row.writeTo(Slot.payload(slot));
      Slot.setVersion(slot, stamp);
      long flags = (state & Slot.FLUSHING) | Slot.DIRTY;
      Slot.setState(slot, Slot.stateOf(payloadBytes, flags, Slot.home(state)));
      slabs.markDirty(slot);
      slabs.touch(slot);
    }
    return Attempt.DONE;
  }

  /**
   * Changes the row of a slot that a search without the lock has found.
   *
   * @param header of the home, as it was when the slot was found
   * @return false when the bucket has changed since, the row is another key's, or it takes the long
   *     way of {@link RowUpdate}
   */
  boolean changeFound(
      long home, long header, long slot, RowKey key, RowChange change, Stamp stamp) {
    if (tiers.writesThrough() || !HashIndex.tryLock(home, header)) {
      return false;
    }
    boolean done = false;
    try {
      done =
          owns(slot, Slot.payloadBytes(Slot.state(slot)), key)
              && changeSlot(slot, change, stamp) == Attempt.DONE;
    } finally {
      if (done) {
        HashIndex.unlock(home);
      } else {
        HashIndex.unlockUnchanged(home);
      }
    }
    return done;
  }

  /** Changes the key's row in its slot; under the lock. */
  Attempt changeSlot(long slot, RowChange change, Stamp stamp) {
    long state = Slot.state(slot);
    long there = Slot.sequence(slot);
    Stamp version = there <= stamp.sequence() ? stamp : stamp.renewed(tiers.clock().next());
    if (mustLogFirst(slot, state, version)) {
      return Attempt.LOG_FIRST;
    }
    if (isOver(slot, expiredUntil(stamp))) {
      if (!change.admits()) {
        return Attempt.DONE;
      }
      change.create(Slot.payload(slot));
    }
    change.applyTo(Slot.payload(slot));
    Slot.setVersion(slot, version);
    Slot.setState(slot, state | Slot.DIRTY);
    slabs.markDirty(slot);
    slabs.touch(slot);
    return Attempt.DONE;
  }

  /** Returns whether a flush wants the version in a slot that a batch is about to replace. */
  private boolean mustLogFirst(long slot, long state, Stamp stamp) {
    return Slot.has(state, Slot.DIRTY) && tiers.isCutBetween(Slot.sequence(slot), stamp.sequence());
  }

  void logVersionOf(long slot) {
    tiers.waits().beforeWaiting();
    if (!tiers.evictor().writeBack(slot)) {
      LockSupport.parkNanos(WRITE_BACK_PAUSE_NANOS);
    }
  }

  /**
   * Writes a row, new or over an existing one.
   *
   * @param known what the caller read of the key's log locations already; empty if nothing
   */
  void put(RowKey key, RowSource row, Stamp stamp, ColdMatches known) {
    KeySearch search = new KeySearch(this, key, known);
    if (!tiers.writesThrough() && overwrite(search, row, stamp)) {
      return;
    }
    NewRow target = new NewRow(this, key, row, stamp);
    try {
      while (true) {
        switch (place(target, search, null)) {
          case TOO_OLD -> target = target.renewed();
          case READ_FIRST -> search.readUnknown();
          case LOG_FIRST -> logVersionOf(slotAddress(search.found));
          default -> {
            return;
          }
        }
      }
    } catch (RuntimeException e) {
      target.discard();
      throw e;
    }
  }

  /** Overwrites a row in its slot; false when it is not in DRAM or needs another slot. */
  private boolean overwrite(KeySearch search, RowSource row, Stamp stamp) {
    while (true) {
      Attempt attempt = Attempt.NOT_IN_PLACE;
      long home = index.lock(search.hash);
      try {
        search.run(home);
        if (search.found != Location.NONE && Location.isDram(search.found)) {
          long slot = slotAddress(search.found);
          attempt = overwriteSlot(slot, Slot.state(slot), row, stamp);
        }
      } finally {
        HashIndex.unlock(home);
      }
      if (attempt != Attempt.LOG_FIRST) {
        return attempt == Attempt.DONE;
      }
      logVersionOf(slotAddress(search.found));
    }
  }

  /**
   * Tries to make the index point to the row.
   *
   * @param base the only version that it may replace; null for any
   */
  Attempt place(NewRow target, KeySearch search, RowUpdate.@Nullable Base base) {
    long sequence = target.stamp.sequence();
    boolean cutAfter = false;
    boolean freeOld = false;
    long deadRecord = 0;
    Attempt attempt = Attempt.DONE;
    long home = index.lock(search.hash);
    try {
      search.run(home);
      long old = search.found;
      if (search.unknown != Location.NONE) {
        return Attempt.READ_FIRST;
      }
      if (base != null && !base.isFoundBy(search)) {
        return Attempt.NOT_IN_PLACE;
      }
      if (old == Location.NONE) {
        if (deletions.get(stripe(search.hash)) >= sequence) {
          return Attempt.TOO_OLD;
        }
        index.insert(home, search.hash, target.location(0));
      } else if (search.foundSequence() > sequence) {
        if (learns) {
          return Attempt.TOO_OLD;
        }
        attempt = Attempt.NEEDLESS;
        cutAfter = tiers.isCutBetween(sequence, search.foundSequence());
      } else if (mustLogFirst(old, target.stamp)) {
        return Attempt.LOG_FIRST;
      } else {
        deadRecord = target.isLogged() ? logHome(old) : 0;
        index.replace(home, search.hash, old, target.location(logHome(old)));
        freeOld = detach(old);
      }
    } finally {
      HashIndex.unlock(home);
    }
    markDead(deadRecord);
    if (freeOld) {
      slabs.free(slotAddress(search.found));
    }
    if (attempt == Attempt.NEEDLESS) {
      if (cutAfter) {
        target.log();
      }
      target.discard();
    }
    return attempt;
  }

  private boolean mustLogFirst(long location, Stamp stamp) {
    if (!Location.isDram(location)) {
      return false;
    }
    long slot = slotAddress(location);
    return mustLogFirst(slot, Slot.state(slot), stamp);
  }

  /** Declares a record dead, of which the index has lost sight; 0 for none. */
  private void markDead(long record) {
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
  private long logHome(long location) {
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

  /**
   * Removes a row and logs that it is gone.
   *
   * @return whether it was there
   */
  boolean remove(RowKey key, Stamp stamp, ColdMatches known) {
    return remove(key, new Removal(new KeySearch(this, key, known), stamp, ANY_VERSION));
  }

  /**
   * Removes one version of a row and logs that it is gone.
   *
   * @param sequence number of the version
   * @param known what the caller read of the key's log locations already
   * @return whether it was still there, expired or not
   */
  boolean removeVersion(RowKey key, long sequence, Stamp stamp, ColdMatches known) {
    Removal removal = new Removal(new KeySearch(this, key, known), stamp, sequence);
    return remove(key, removal) || removal.over;
  }

  private boolean remove(RowKey key, Removal removal) {
    while (true) {
      Attempt attempt = tryRemove(removal);
      if (removal.cutFrom != null) {
        logTombstone(key, removal.cutFrom);
        removal.cutFrom = null;
      }
      switch (attempt) {
        case READ_FIRST -> removal.search.readUnknown();
        case LOG_FIRST -> logVersionOf(slotAddress(removal.search.found));
        case DONE -> {
          logTombstone(key, removal.stamp);
          return !removal.over;
        }
        default -> {
          return false;
        }
      }
    }
  }

  /** The removal of one row, from attempt to attempt. */
  private static final class Removal {
    final KeySearch search;
    Stamp stamp;

    /** The stamp of a tombstone to be logged for what a cut lies before. */
    @Nullable Stamp cutFrom;

    /** The version to be removed, or {@link #ANY_VERSION}. */
    final long version;

    /** Whether the life of the row that was removed was over. */
    boolean over;

    Removal(KeySearch search, Stamp stamp, long version) {
      this.version = version;
      this.search = search;
      this.stamp = stamp;
    }
  }

  private Attempt tryRemove(Removal removal) {
    KeySearch search = removal.search;
    boolean free;
    long deadRecord;
    long home = index.lock(search.hash);
    try {
      search.run(home);
      if (search.unknown != Location.NONE) {
        return Attempt.READ_FIRST;
      }
      if (search.found == Location.NONE) {
        if (tiers.isCutBetween(removal.stamp.sequence(), deletions.get(stripe(search.hash)))) {
          removal.cutFrom = removal.stamp;
        }
        return Attempt.NEEDLESS;
      }
      if (removal.version != ANY_VERSION && search.foundSequence() != removal.version) {
        return Attempt.NEEDLESS;
      }
      if (search.foundSequence() >= removal.stamp.sequence()) {
        Stamp renewed = removal.stamp.renewed(tiers.clock().next());
        if (tiers.isCutBetween(removal.stamp.sequence(), renewed.sequence())) {
          removal.cutFrom = removal.stamp;
        }
        removal.stamp = renewed;
      }
      if (mustLogFirst(search.found, removal.stamp)) {
        return Attempt.LOG_FIRST;
      }
      long expired = expiredUntil();
      removal.over = expired >= 0 && isOver(search.foundTime(), expired);
      deadRecord = logHome(search.found);
      index.remove(home, search.hash, search.found);
      raiseDeletions(search.hash, removal.stamp.sequence());
      free = detach(search.found);
    } finally {
      HashIndex.unlock(home);
    }
    markDead(deadRecord);
    if (free) {
      slabs.free(slotAddress(search.found));
    }
    return Attempt.DONE;
  }

  private void logTombstone(RowKey key, Stamp stamp) {
    int payloadBytes = key.tombstoneBytes();
    try (Arena arena = Arena.ofConfined()) {
      long payload = arena.allocate(Math.max(1, payloadBytes)).address();
      key.writeTombstone(payload);
      tiers
          .log()
          .append(
              tiers.loggedKind(RecordFormat.TOMBSTONE, stamp),
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

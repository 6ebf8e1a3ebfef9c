package dev.emberkv.engine;

import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.index.HashIndex;
import dev.emberkv.index.Location;
import java.lang.foreign.Arena;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Writes, changes and removes the rows of a {@link Keyspace}, one at a time, in whatever tier they
 * are.
 *
 * <p>Thread-safe, inside the store's {@link Epoch}; each change is made under the lock of the row's
 * home bucket, and nothing that may wait happens under it.
 *
 * <p>A row carries the sequence number of the batch that wrote it, and of two versions of a row the
 * higher one counts, at run time as in recovery. So a batch that reaches a row after a newer one
 * leaves it alone, as if it had come first; and a row that is new while a deletion nearby had a
 * higher number takes a fresh number of its own. Where a flush has cut the sequence between two
 * batches that meet at a row, the version before the cut is logged, whichever of them comes first
 * (see {@link CommitClock}).
 *
 * <p>Where rows {@link Keyspace#learns learn}, a version follows from the one before, and no write
 * can be left out as if it had come first: a batch that reaches a row after a newer one takes a
 * fresh number for it. Pushes keep cuts away while they run, so one never meets a row from behind a
 * cut that it is before.
 */
final class RowWriter {
  private static final int DELETION_STRIPE_BITS = 8;
  private static final long ANY_VERSION = 0;

  /** How long to wait for another thread that is writing the same row back. */
  private static final long WRITE_BACK_PAUSE_NANOS = 20_000;

  private final Keyspace keyspace;
  private final HashIndex index;
  private final Tiers tiers;
  private final SlabPool slabs;

  /** By stripe of hashes, the highest number of a deletion. */
  private final AtomicLongArray deletions = new AtomicLongArray(1 << DELETION_STRIPE_BITS);

  RowWriter(Keyspace keyspace) {
    this.keyspace = keyspace;
    this.index = keyspace.index;
    this.tiers = keyspace.tiers;
    this.slabs = tiers.slabs();
  }

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
    if (!HashIndex.tryLock(home, header)) {
      return false;
    }
    boolean done = false;
    try {
      long state = Slot.state(slot);
      done =
          keyspace.owns(slot, Slot.payloadBytes(state), key)
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

  /** Returns whether a row fits exactly into the slot of another one. */
  boolean hasPlaceFor(long state, RowSource row) {
    return SlabPool.slotBytes(keyspace.kind, row.payloadBytes())
        == SlabPool.slotBytes(keyspace.kind, Slot.payloadBytes(state));
  }

  private Attempt overwriteSlot(long slot, long state, RowSource row, Stamp stamp) {
    int payloadBytes = row.payloadBytes();
    long there = Slot.sequence(slot);
    if (keyspace.learns && there > stamp.sequence()) {
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
          keyspace.owns(slot, Slot.payloadBytes(Slot.state(slot)), key)
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
    if (Keyspace.isOver(slot, keyspace.expiredUntil(stamp))) {
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
    KeySearch search = new KeySearch(keyspace, key, known);
    if (!tiers.writesThrough() && overwrite(search, row, stamp)) {
      return;
    }
    NewRow target = new NewRow(keyspace, key, row, stamp);
    try {
      while (true) {
        switch (place(target, search, null)) {
          case TOO_OLD -> target = target.renewed();
          case READ_FIRST -> search.readUnknown();
          case LOG_FIRST -> logVersionOf(keyspace.slotAddress(search.found));
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
          long slot = keyspace.slotAddress(search.found);
          attempt = overwriteSlot(slot, Slot.state(slot), row, stamp);
        }
      } finally {
        HashIndex.unlock(home);
      }
      if (attempt != Attempt.LOG_FIRST) {
        return attempt == Attempt.DONE;
      }
      logVersionOf(keyspace.slotAddress(search.found));
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
        if (keyspace.learns) {
          return Attempt.TOO_OLD;
        }
        attempt = Attempt.NEEDLESS;
        cutAfter = tiers.isCutBetween(sequence, search.foundSequence());
      } else if (mustLogFirst(old, target.stamp)) {
        return Attempt.LOG_FIRST;
      } else {
        deadRecord = target.isLogged() ? keyspace.logHome(old) : 0;
        index.replace(home, search.hash, old, target.location(keyspace.logHome(old)));
        freeOld = keyspace.detach(old);
      }
    } finally {
      HashIndex.unlock(home);
    }
    keyspace.markDead(deadRecord);
    if (freeOld) {
      slabs.free(keyspace.slotAddress(search.found));
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
    long slot = keyspace.slotAddress(location);
    return mustLogFirst(slot, Slot.state(slot), stamp);
  }

  /**
   * Removes a row and logs that it is gone.
   *
   * @return whether it was there
   */
  boolean remove(RowKey key, Stamp stamp, ColdMatches known) {
    return remove(key, new Removal(new KeySearch(keyspace, key, known), stamp, ANY_VERSION));
  }

  /**
   * Removes one version of a row and logs that it is gone.
   *
   * @param sequence number of the version
   * @param known what the caller read of the key's log locations already
   * @return whether it was still there, expired or not
   */
  boolean removeVersion(RowKey key, long sequence, Stamp stamp, ColdMatches known) {
    Removal removal = new Removal(new KeySearch(keyspace, key, known), stamp, sequence);
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
        case LOG_FIRST -> logVersionOf(keyspace.slotAddress(removal.search.found));
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
      long expired = keyspace.expiredUntil();
      removal.over = expired >= 0 && Keyspace.isOver(search.foundTime(), expired);
      deadRecord = keyspace.logHome(search.found);
      index.remove(home, search.hash, search.found);
      raiseDeletions(search.hash, removal.stamp.sequence());
      free = keyspace.detach(search.found);
    } finally {
      HashIndex.unlock(home);
    }
    keyspace.markDead(deadRecord);
    if (free) {
      slabs.free(keyspace.slotAddress(search.found));
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
              keyspace.id,
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

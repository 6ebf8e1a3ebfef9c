package dev.emberkv.engine;

import dev.emberkv.compaction.SegmentedLog;
import dev.emberkv.index.HashIndex;
import dev.emberkv.index.Location;

/**
 * Overwrites rows in DRAM that go to the log before they are acknowledged: the rows of a chunk are
 * appended together, and then each is written to its slot, which stays clean. The records come
 * first, as nothing waits under the lock of a bucket; a record whose row has gone elsewhere
 * meanwhile is one that nothing points to, and the row takes the long way.
 *
 * <p>Not for rows that learn: the caller's bytes are not all of theirs.
 *
 * <p>Not thread-safe; one per batch, inside the store's {@link Epoch}.
 */
final class WriteThrough implements AutoCloseable {
  private final Keyspace keyspace;
  private final SegmentedLog log;
  private final BatchScratch scratch;
  private final RowKey.Id key;
  private final RowSource.Packed rows;
  private final Stamp stamp;
  private final int loggedKind;

  /** The rows of a chunk that are logged: their places in the chunk, keys, offsets and records. */
  private final int[] places;

  private final long[] keys;
  private final long[] offsets;
  private final long[] records;
  private int count;

  /** Which of them comes next. */
  private int next;

  private final long[] dead;
  private int deadCount;

  /**
   * Prepares for a batch.
   *
   * @param most the most rows of a chunk
   */
  WriteThrough(
      Keyspace keyspace,
      BatchScratch scratch,
      RowKey.Id key,
      RowSource.Packed rows,
      Stamp stamp,
      int most) {
    this.places = new int[most];
    this.keys = new long[most];
    this.offsets = new long[most];
    this.records = new long[most];
    this.dead = new long[most];
    this.keyspace = keyspace;
    this.log = keyspace.tiers.log();
    this.scratch = scratch;
    this.key = key;
    this.rows = rows;
    this.stamp = stamp;
    this.loggedKind = keyspace.tiers.loggedKind(keyspace.kind, stamp);
  }

  /**
   * Ends the chunk before, and logs those rows of the next one that have a slot.
   *
   * @param size keys of the chunk, whose entries are found
   * @param firstRow number of its first row
   */
  void begin(int size, long firstRow) {
    end();
    if (keyspace.learns) {
      return;
    }
    for (int i = 0; i < size; i++) {
      if (scratch.isHot(i) && isInPlace(i)) {
        places[count] = i;
        keys[count] = scratch.ids[i];
        offsets[count++] = rows.at(firstRow + i).offset();
      }
    }
    log.appendAll(
        loggedKind,
        keyspace.id,
        keys,
        stamp.sequence(),
        stamp.time(),
        rows.rows(),
        offsets,
        rows.payloadBytes(),
        count,
        records);
  }

  private boolean isInPlace(int i) {
    return isPlaceOf(scratch.slots[i], scratch.ids[i])
        && HashIndex.unchanged(scratch.homes[i], scratch.headers[i]);
  }

  private boolean isPlaceOf(long slot, long id) {
    long state = Slot.state(slot);
    return keyspace.writer.hasPlaceFor(state, rows)
        && keyspace.owns(slot, Slot.payloadBytes(state), key.of(id));
  }

  /**
   * Overwrites a row in its slot.
   *
   * @param i its place in the chunk, higher than in the call before
   * @return false when it was not logged, or is not in DRAM any more
   */
  boolean overwrite(int i, long row) {
    if (next == count || places[next] != i) {
      return false;
    }
    long record = records[next];
    records[next++] = 0;
    long home = scratch.homes[i];
    if (HashIndex.tryLock(home, scratch.headers[i])) {
      // Nothing has changed since the slot was found to be the row's, and to have room.
      replace(home, scratch.slots[i], row, record);
      return true;
    }
    home = keyspace.index.lock(scratch.hashes[i]);
    long slot = slotOf(home, scratch.hashes[i], scratch.ids[i]);
    if (slot == 0) {
      HashIndex.unlock(home);
      dead[deadCount++] = record;
      return false;
    }
    replace(home, slot, row, record);
    return true;
  }

  /** Returns the slot of a row with room for the new one, or 0; under the lock. */
  private long slotOf(long home, long hash, long id) {
    for (long location = keyspace.index.findLocked(home, hash);
        location != Location.NONE;
        location = keyspace.index.findNextLocked(home, hash, location)) {
      if (Location.isDram(location) && isPlaceOf(keyspace.slotAddress(location), id)) {
        return keyspace.slotAddress(location);
      }
    }
    return 0;
  }

  /** Overwrites the row in a slot unless it is newer, and unlocks. */
  private void replace(long home, long slot, long row, long record) {
    long superseded = record;
    try {
      if (Slot.sequence(slot) <= stamp.sequence()) {
        long state = Slot.state(slot);
        assert !Slot.has(state, Slot.DIRTY | Slot.FLUSHING) : "a dirty row with write-through";
        superseded = Slot.home(state);
        rows.at(row).writeTo(Slot.payload(slot));
        Slot.setVersion(slot, stamp);
        Slot.setState(slot, Slot.stateOf(rows.payloadBytes(), 0, record));
      }
    } finally {
      HashIndex.unlock(home);
    }
    dead[deadCount++] = superseded;
    keyspace.tiers.slabs().touch(slot);
  }

  /** Ends the chunk: what was superseded is dead, and what was logged and not used. */
  private void end() {
    for (; next < count; next++) {
      if (records[next] != 0) {
        dead[deadCount++] = records[next];
      }
    }
    log.markDead(dead, deadCount);
    count = 0;
    next = 0;
    deadCount = 0;
  }

  @Override
  public void close() {
    end();
  }
}

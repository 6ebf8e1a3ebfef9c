package dev.emberkv.engine;

import dev.emberkv.index.Location;
import java.lang.foreign.Arena;

/**
 * A row in a slot or a log record of its own, to which nothing points yet.
 *
 * <p>Used by one thread, inside the store's {@link Epoch}.
 */
final class NewRow {
  final Stamp stamp;
  private final Keyspace keyspace;
  private final RowKey key;
  private final RowSource row;
  private long slot;
  private long record;

  NewRow(Keyspace keyspace, RowKey key, RowSource row, Stamp stamp) {
    this.keyspace = keyspace;
    this.key = key;
    this.row = row;
    this.stamp = stamp;
    int payloadBytes = row.payloadBytes();
    if (payloadBytes <= Keyspace.MAX_SLOT_PAYLOAD_BYTES) {
      slot = keyspace.newSlot(key, payloadBytes);
      Slot.setIdentity(slot, key.header(), keyspace.id, keyspace.kind);
      Slot.setVersion(slot, stamp);
      row.writeTo(Slot.payload(slot));
      if (keyspace.tiers.writesThrough()) {
        try {
          record = append(Slot.payload(slot), payloadBytes);
        } catch (RuntimeException e) {
          discard();
          throw e;
        }
      }
    } else {
      try (Arena arena = Arena.ofConfined()) {
        long payload = arena.allocate(payloadBytes).address();
        row.writeTo(payload);
        record = append(payload, payloadBytes);
      }
    }
  }

  private long append(long payload, int payloadBytes) {
    keyspace.tiers.waits().beforeWaiting();
    return keyspace
        .tiers
        .log()
        .append(
            keyspace.tiers.loggedKind(keyspace.kind, stamp),
            keyspace.id,
            key.header(),
            stamp.sequence(),
            stamp.time(),
            payload,
            payloadBytes);
  }

  /** Returns whether the log has the row already, so that an older record of it is dead. */
  boolean isLogged() {
    return record != 0;
  }

  /** Returns where the index is to point; the slot learns which record it supersedes. */
  long location(long oldHome) {
    if (slot == 0) {
      return Location.cold(record);
    }
    boolean clean = record != 0;
    Slot.setState(
        slot, Slot.stateOf(row.payloadBytes(), clean ? 0 : Slot.DIRTY, clean ? record : oldHome));
    if (!clean) {
      keyspace.tiers.slabs().markDirty(slot);
    }
    return keyspace.dram(slot);
  }

  /**
   * Returns the same row under a new sequence number. When a cut lies between the two numbers, the
   * row is logged under the old one as well, for a crash to find with the rest of its batch.
   */
  NewRow renewed() {
    Tiers tiers = keyspace.tiers;
    Stamp renewed = stamp.renewed(tiers.clock().next());
    if (tiers.isCutBetween(stamp.sequence(), renewed.sequence())) {
      log();
    }
    discard();
    return new NewRow(keyspace, key, row, renewed);
  }

  /** Sees to it that the log has the row, although nothing will point to it. */
  void log() {
    if (record == 0) {
      record = append(Slot.payload(slot), row.payloadBytes());
    }
  }

  /** Gives up the slot and the record, as far as there are any; nothing points to them. */
  void discard() {
    if (slot != 0) {
      keyspace.tiers.slabs().free(slot);
      slot = 0;
    }
    if (record != 0) {
      keyspace.tiers.log().markDead(record);
      record = 0;
    }
  }
}

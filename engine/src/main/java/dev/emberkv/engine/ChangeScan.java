package dev.emberkv.engine;

import dev.emberkv.compaction.CorruptionException;
import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.compaction.RecordVisitor;
import dev.emberkv.uring.RawMemory;
import org.jspecify.annotations.Nullable;

/**
 * Finds in the log which rows of one keyspace changed behind a position: records that are live, and
 * tombstones of ids that have no row. Of a row that changes meanwhile it may show an older version
 * or none; its next version has a later number.
 *
 * <p>Used by one thread, outside of the {@link Epoch}.
 */
final class ChangeScan implements RecordVisitor {
  private final Keyspace keyspace;
  private final Tiers tiers;
  private final long position;
  private final ChangeVisitor visitor;
  private final long expiredUntil;
  private @Nullable CorruptionException damage;

  ChangeScan(Keyspace keyspace, Tiers tiers, long position, ChangeVisitor visitor) {
    this.keyspace = keyspace;
    this.tiers = tiers;
    this.position = position;
    this.visitor = visitor;
    this.expiredUntil = keyspace.expiredUntil();
  }

  /**
   * Reads what was logged behind the position; nothing is cleaned meanwhile.
   *
   * @throws CorruptionException when a part of it is damaged
   */
  void run() {
    tiers.log().scanNewerThan(position, this);
    if (damage != null) {
      throw damage;
    }
  }

  @Override
  public void record(
      long location,
      int kind,
      int table,
      long key,
      long sequence,
      int timeSeconds,
      long payloadAddress,
      int payloadBytes) {
    if (table != keyspace.id || sequence <= position) {
      return;
    }
    if (kind == RecordFormat.ROW) {
      boolean over = expiredUntil >= 0 && Keyspace.isOver(timeSeconds, expiredUntil);
      if (!over && tiers.log().isLive(location)) {
        visitor.row(key, timeSeconds, RawMemory.all().asSlice(payloadAddress, payloadBytes));
      }
    } else if (kind == RecordFormat.TOMBSTONE && !isThere(key)) {
      visitor.deleted(key);
    }
  }

  private boolean isThere(long id) {
    try (Guard guard = tiers.epoch().enter()) {
      return keyspace.read(guard.key.of(id), (payload, payloadBytes) -> {}) != RowStatus.MISSING;
    }
  }

  @Override
  public void corrupt(long segment, long offset, String expected) {
    if (damage == null) {
      damage = new CorruptionException(segment, offset, expected);
    }
  }
}

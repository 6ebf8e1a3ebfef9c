package dev.emberkv.engine;

import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.compaction.RecordVisitor;
import dev.emberkv.compaction.SegmentUse;
import dev.emberkv.compaction.SegmentedLog;
import dev.emberkv.compaction.VictimPolicy;
import dev.emberkv.index.Location;
import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Empties one segment: copies what is live in it to the stream of copies and points the index
 * there. A row that is overwritten meanwhile keeps its new place, and the copy is dead at once. A
 * clean row in DRAM learns the new home of its record. What a crash would still need, the old
 * record, stays where it is until the segment is freed.
 *
 * <p>Used by the cleaning thread, outside of the {@link Epoch}: it enters for each record.
 */
final class CleaningPass implements RecordVisitor {
  private static final Logger LOGGER = LoggerFactory.getLogger(CleaningPass.class);

  private final Tiers tiers;
  private final SegmentedLog log;
  private final Epoch epoch;
  private final Evictor.KeyspaceRegistry keyspaces;
  private final LongConsumer pace;
  private final Map<Integer, Long> forgotten;
  private final SegmentUse victim;
  private final VictimPolicy policy;

  /**
   * Prepares the cleaning of a segment.
   *
   * @param policy of the segments as they were after the segment was sealed and every operation had
   *     ended that was under way then
   * @param forgotten of each table, the highest number of a tombstone that was not copied, to be
   *     raised
   * @param pace told of the bytes of each copy; may wait
   */
  CleaningPass(
      Tiers tiers,
      Evictor.KeyspaceRegistry keyspaces,
      SegmentUse victim,
      VictimPolicy policy,
      Map<Integer, Long> forgotten,
      LongConsumer pace) {
    this.forgotten = forgotten;
    this.tiers = tiers;
    this.log = tiers.log();
    this.epoch = tiers.epoch();
    this.keyspaces = keyspaces;
    this.victim = victim;
    this.policy = policy;
    this.pace = pace;
  }

  /** Empties the segment; false when some of its records are damaged and keep it. */
  boolean run() {
    return log.cleaning().readLive(victim.number(), this);
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
    boolean deletes = kind == RecordFormat.TOMBSTONE || kind == RecordFormat.DROP;
    if (kind == RecordFormat.COMMIT
        || kind == RecordFormat.START
        || (deletes && !isNeeded(kind, table, sequence))) {
      return;
    }
    if (kind == RecordFormat.ROW && dropExpired(location, table, key, sequence, timeSeconds)) {
      return;
    }
    long copy =
        log.cleaning()
            .appendCopy(kind, table, key, sequence, timeSeconds, payloadAddress, payloadBytes);
    if (!deletes) {
      boolean moved;
      try (Guard _ = epoch.enter()) {
        Keyspace keyspace = keyspaces.byId(table);
        moved =
            keyspace != null
                && switch (kind) {
                  case RecordFormat.TABLE -> keyspace.definition.compareAndSet(location, copy);
                  case RecordFormat.TOKEN ->
                      keyspace.tokens.relocate(
                          PushTokens.keyOf(bytes(payloadAddress, payloadBytes)), location, copy);
                  default -> keyspace.relocate(keyspace.hash(key), location, copy);
                };
      }
      log.markDead(moved ? location : copy);
    }
    pace.accept(RecordFormat.storedBytes(payloadBytes));
  }

  /** Deletes a row instead of copying it if its life is over, and a tombstone finds room. */
  private boolean dropExpired(long location, int table, long id, long sequence, int timeSeconds) {
    if (!isOver(keyspaces.byId(table), timeSeconds)) {
      return false;
    }
    long admitted = tiers.space().tryAdmitDelete(DiskSpace.logBytes(0) + RecordFormat.PAGE_BYTES);
    if (admitted < 0) {
      return false;
    }
    boolean[] dropped = new boolean[1];
    try (Guard guard = epoch.enter()) {
      Keyspace keyspace = keyspaces.byId(table); // not closed before the guard is left
      if (keyspace != null && isOver(keyspace, timeSeconds)) {
        ColdMatches known = new ColdMatches();
        known.note(Location.cold(location), true, sequence, timeSeconds);
        tiers.write(
            1,
            stamp ->
                dropped[0] =
                    keyspace.writer.removeVersion(guard.key.of(id), sequence, stamp, known));
      }
    } finally {
      tiers.space().done(admitted);
    }
    return dropped[0];
  }

  private static boolean isOver(@Nullable Keyspace keyspace, int timeSeconds) {
    long expired = keyspace == null ? -1 : keyspace.expiredUntil();
    return expired >= 0 && Keyspace.isOver(timeSeconds, expired);
  }

  private boolean isNeeded(int kind, int table, long sequence) {
    boolean needed = policy.isNeeded(victim, sequence);
    if (!needed && kind == RecordFormat.TOMBSTONE) {
      forgotten.merge(table, sequence, Math::max);
    }
    return needed;
  }

  private static byte[] bytes(long address, int length) {
    byte[] bytes = new byte[length];
    RawMemory.copy(address, MemorySegment.ofArray(bytes), 0, length);
    return bytes;
  }

  @Override
  public void corrupt(long segment, long offset, String expected) {
    LOGGER.error(
        "Damaged data in segment {} at offset {}: expected {}; the segment is kept as it is",
        segment,
        offset,
        expected);
  }
}

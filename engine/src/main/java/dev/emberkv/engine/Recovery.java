package dev.emberkv.engine;

import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.compaction.RecordVisitor;
import dev.emberkv.compaction.SegmentedLog;
import dev.emberkv.index.KeyHash;
import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Rebuilds what a store holds from one scan of its log: of each key, the record with the highest
 * sequence number counts, whatever the order in which records stand.
 *
 * <p>Not thread-safe; used while the store opens.
 */
final class Recovery implements RecordVisitor, AutoCloseable {
  private static final Logger LOGGER = LoggerFactory.getLogger(Recovery.class);
  private static final long CHECK_SEED = 0x632be59bd9b4e019L;
  private static final int CHECK_BITS = 25;

  private final Map<Integer, Found> found = new HashMap<>();
  private long newestSequence;
  private long corruptions;

  /** What the log says about one keyspace. */
  private static final class Found {
    final RecoveryMap rows = new RecoveryMap();
    byte @Nullable [] definition;
    long definedAt;
    long droppedAt;
  }

  /** Scans the whole log. */
  void run(SegmentedLog log) {
    log.scan(this);
  }

  /** Returns the sequence number to go on from. */
  long newestSequence() {
    return newestSequence;
  }

  /** Returns how many damaged stretches the scan met; each was logged. */
  long corruptions() {
    return corruptions;
  }

  /** Returns the definitions of the keyspaces that exist, by id. */
  SortedMap<Integer, byte[]> definitions() {
    SortedMap<Integer, byte[]> result = new TreeMap<>();
    found.forEach((id, keyspace) -> {
      if (keyspace.definition != null && keyspace.definedAt > keyspace.droppedAt) {
        result.put(id, keyspace.definition);
      }
    });
    return result;
  }

  /** Visits the rows of a keyspace that are alive. */
  void forEachRow(int id, RecoveryMap.Visitor visitor) {
    Found keyspace = found.get(id);
    if (keyspace != null) {
      keyspace.rows.forEachNewerThan(keyspace.droppedAt, visitor);
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
    newestSequence = Math.max(newestSequence, sequence);
    Found keyspace = found.computeIfAbsent(table, id -> new Found());
    switch (kind) {
      case RecordFormat.ROW -> keyspace.rows.put(key, 0, sequence, location, false);
      case RecordFormat.STRING ->
          keyspace.rows.put(key, checkOf(payloadAddress), sequence, location, false);
      case RecordFormat.TOMBSTONE ->
          keyspace.rows.put(
              key, payloadBytes == 0 ? 0 : checkOf(payloadAddress), sequence, location, true);
      case RecordFormat.TABLE -> {
        if (sequence > keyspace.definedAt) {
          keyspace.definedAt = sequence;
          keyspace.definition = bytes(payloadAddress, payloadBytes);
        }
      }
      case RecordFormat.DROP -> keyspace.droppedAt = Math.max(keyspace.droppedAt, sequence);
      default ->
          throw new IllegalStateException(
              "the log has records of kind %d, which this release does not know".formatted(kind));
    }
  }

  /** Hashes the key that stands at the start of a string row's payload a second time. */
  private static int checkOf(long payload) {
    byte[] key = bytes(payload + RowKey.Text.LENGTH_BYTES, RawMemory.getInt(payload));
    return (int) (KeyHash.ofBytes(key, CHECK_SEED) >>> (Long.SIZE - CHECK_BITS));
  }

  private static byte[] bytes(long address, int length) {
    byte[] result = new byte[length];
    RawMemory.copy(address, MemorySegment.ofArray(result), 0, length);
    return result;
  }

  @Override
  public void corrupt(long segment, long offset, String expected) {
    corruptions++;
    LOGGER.error("Damaged data in segment {} at offset {}: expected {}", segment, offset, expected);
  }

  @Override
  public void close() {
    found.values().forEach(keyspace -> keyspace.rows.close());
  }
}

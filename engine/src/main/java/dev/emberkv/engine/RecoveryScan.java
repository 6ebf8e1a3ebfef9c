package dev.emberkv.engine;

import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.compaction.RecordVisitor;
import dev.emberkv.engine.RecoveredTables.Control;
import dev.emberkv.index.KeyHash;
import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one thread notes of the segments that it replays.
 *
 * <p>Not thread-safe.
 */
final class RecoveryScan implements RecordVisitor, AutoCloseable {
  private static final Logger LOGGER = LoggerFactory.getLogger(Recovery.class);
  private static final long CHECK_SEED = 0x632be59bd9b4e019L;
  private static final int CHECK_BITS = 25;

  /** How many damaged records are remembered. */
  private static final int MAX_SUSPECTS = 1 << 20;

  private final long hashSeed;
  private final int manyBits;
  private final RecoveryMemory memory = new RecoveryMemory();
  private final Map<Integer, RecoveredRecords> records = new HashMap<>();

  /** The records of the last row's table: most rows follow one of the same. */
  private @Nullable RecoveredRecords last;

  private int lastTable = -1;
  private List<Control> controls = new ArrayList<>();
  private final List<Suspect> suspects = new ArrayList<>();
  private long newestSequence;
  private long corruptions;

  /**
   * A record that is damaged, as far as its header can be believed.
   *
   * @param place as in {@link RecoveryMap}
   */
  record Suspect(int table, long hash, long sequence, long place) {}

  /**
   * Prepares for segments.
   *
   * @param hashSeed with which ids are hashed
   * @param manyBits as in {@link RecoveredRecords}
   */
  RecoveryScan(long hashSeed, int manyBits) {
    this.hashSeed = hashSeed;
    this.manyBits = manyBits;
  }

  /** Hands over the control records of the segment that has ended. */
  List<Control> takeControls() {
    List<Control> taken = controls;
    controls = new ArrayList<>();
    return taken;
  }

  /** Returns the rows, string keys and tombstones by the keyspace's id. */
  Map<Integer, RecoveredRecords> records() {
    return records;
  }

  List<Suspect> suspects() {
    return suspects;
  }

  long newestSequence() {
    return newestSequence;
  }

  /** Returns how many damaged stretches were met; each was logged. */
  long corruptions() {
    return corruptions;
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
    boolean committed = RecordFormat.isCommitted(payloadAddress - RecordFormat.HEADER_BYTES);
    switch (kind) {
      case RecordFormat.ROW -> {
        long place = RecoveryMap.place(0, location, false);
        add(committed, table, hashOf(key, false), sequence, place);
      }
      case RecordFormat.STRING -> {
        long place = RecoveryMap.place(checkOf(payloadAddress), location, false);
        add(committed, table, hashOf(key, true), sequence, place);
      }
      case RecordFormat.TOMBSTONE -> {
        boolean isText = payloadBytes > 0;
        int check = isText ? checkOf(payloadAddress) : 0;
        long place = RecoveryMap.place(check, location, true);
        add(committed, table, hashOf(key, isText), sequence, place);
      }
      case RecordFormat.TABLE -> {
        byte[] encoded = bytes(payloadAddress, payloadBytes);
        controls.add(
            new RecoveredTables.Defined(definition(table, sequence, location, encoded), committed));
      }
      case RecordFormat.DROP ->
          controls.add(new RecoveredTables.Dropped(table, sequence, location, committed));
      case RecordFormat.TOKEN -> {
        String token = PushTokens.keyOf(bytes(payloadAddress, payloadBytes));
        controls.add(new RecoveredTables.Token(table, sequence, location, token, committed));
      }
      case RecordFormat.COMMIT -> {
        newestSequence = Math.max(newestSequence, key);
        long[] singles = new long[payloadBytes / Long.BYTES];
        for (int i = 0; i < singles.length; i++) {
          singles[i] = RawMemory.getLong(payloadAddress + (long) i * Long.BYTES);
        }
        controls.add(new RecoveredTables.Commit(location, key, singles));
      }
      case RecordFormat.START -> controls.add(new RecoveredTables.Start(location));
      default ->
          throw new IllegalStateException(
              "the log has records of kind %d, which this release does not know".formatted(kind));
    }
  }

  /** Returns the index's hash of a key; of a string key, the key field has it. */
  private long hashOf(long key, boolean isText) {
    return isText ? key : KeyHash.ofId(key, hashSeed);
  }

  private void add(boolean committed, int table, long hash, long sequence, long place) {
    RecoveredRecords target = last;
    if (target == null || table != lastTable) {
      target = records.computeIfAbsent(table, id -> new RecoveredRecords(memory, manyBits));
      last = target;
      lastTable = table;
    }
    target.add(hash, RecoveryMap.version(sequence, committed), place);
  }

  private static RecoveredTables.Definition definition(
      int id, long sequence, long location, byte[] encoded) {
    boolean isStrings = TableCodec.isStrings(encoded);
    return new RecoveredTables.Definition(
        id,
        sequence,
        location,
        isStrings ? null : TableCodec.decode(encoded),
        isStrings ? StringsDefinition.decode(encoded) : null);
  }

  /** Hashes the key that stands at the start of a string row's payload a second time. */
  private static int checkOf(long payload) {
    byte[] key = bytes(payload + StringRow.HEAD_BYTES, StringRow.keyBytes(payload));
    return (int) (KeyHash.ofBytes(key, CHECK_SEED) >>> (Long.SIZE - CHECK_BITS));
  }

  private static byte[] bytes(long address, int length) {
    byte[] result = new byte[length];
    RawMemory.copy(address, MemorySegment.ofArray(result), 0, length);
    return result;
  }

  @Override
  public void suspect(
      long location,
      int kind,
      int table,
      long key,
      long sequence,
      long payloadAddress,
      int payloadBytes) {
    boolean isText =
        kind == RecordFormat.STRING || (kind == RecordFormat.TOMBSTONE && payloadBytes > 0);
    if ((kind != RecordFormat.ROW && kind != RecordFormat.STRING && kind != RecordFormat.TOMBSTONE)
        || (isText && !RowKey.Text.isWithin(payloadAddress, payloadBytes))
        || suspects.size() == MAX_SUSPECTS) {
      return;
    }
    int check = isText ? checkOf(payloadAddress) : 0;
    suspects.add(
        new Suspect(
            table, hashOf(key, isText), sequence, RecoveryMap.place(check, location, false)));
  }

  @Override
  public void corrupt(long segment, long offset, String expected) {
    corruptions++;
    LOGGER.error("Damaged data in segment {} at offset {}: expected {}", segment, offset, expected);
  }

  @Override
  public void close() {
    memory.close();
  }
}

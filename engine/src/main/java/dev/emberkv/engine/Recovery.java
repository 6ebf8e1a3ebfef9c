package dev.emberkv.engine;

import dev.emberkv.compaction.DigestArchive;
import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.compaction.RecordVisitor;
import dev.emberkv.compaction.SegmentedLog;
import dev.emberkv.compaction.Survivors;
import dev.emberkv.index.KeyHash;
import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Rebuilds what a store holds from one scan of its log, or from digests of its segments. A record
 * counts from its commit on; of each key, the one with the highest sequence number, whatever the
 * order in which records stand.
 *
 * <p>Not thread-safe; used while the store opens.
 */
final class Recovery implements RecordVisitor, AutoCloseable {
  private static final Logger LOGGER = LoggerFactory.getLogger(Recovery.class);
  private static final long CHECK_SEED = 0x632be59bd9b4e019L;
  private static final int CHECK_BITS = 25;

  /** How many damaged records are remembered. */
  private static final int MAX_SUSPECTS = 1 << 20;

  /** How many records that count are handled together. */
  private static final int READY_RECORDS = 1 << 12;

  private final long hashSeed;
  private final Map<Integer, Found> found = new HashMap<>();
  private final PendingRecords pendingRows = new PendingRecords();
  private final PendingRecords readyRows = new PendingRecords();

  /** The keyspace of the last row, and its id: most rows follow one of the same. */
  private @Nullable Found last;

  private int lastTable = -1;

  /** Keeps the approaching loads alive: the compiler must not drop what has no other effect. */
  @SuppressWarnings("UnusedVariable")
  private int approached;

  private List<TableChange> pendingChanges = new ArrayList<>();
  private List<Token> pendingTokens = new ArrayList<>();
  private final List<Suspect> suspects = new ArrayList<>();
  private final LongStream.Builder neverCount = LongStream.builder();
  private long uncommitted;
  private long newestSequence;
  private long corruptions;

  /** Prepares a scan; ids are hashed with the seed of the store's indexes. */
  Recovery(long hashSeed) {
    this.hashSeed = hashSeed;
  }

  /** What the log says about one keyspace. */
  private static final class Found {
    final RecoveryMap rows = new RecoveryMap();
    final List<Token> tokens = new ArrayList<>();
    @Nullable Definition definition;
    long droppedAt;

    void add(Token token) {
      tokens.add(token);
      if (tokens.size() == 4 * PushTokens.REMEMBERED) {
        forgetTokens();
      }
    }

    /** Puts the tokens into order and keeps the newest. */
    void forgetTokens() {
      tokens.sort(Comparator.comparingLong(Token::sequence));
      tokens.subList(0, Math.max(0, tokens.size() - PushTokens.REMEMBERED)).clear();
    }
  }

  /** The token of a push to a table. */
  private record Token(int table, long sequence, long location, String token) {}

  /**
   * A keyspace that exists.
   *
   * @param definedAt the sequence number of its definition
   * @param location where the log has it
   * @param table the table whose rows it has; null for string keys
   * @param strings which database's keys it has; null for a table
   */
  record Definition(
      int id,
      long definedAt,
      long location,
      @Nullable TableSpec table,
      @Nullable StringsDefinition strings) {}

  /** A definition of a keyspace, or its end when there is none, and where it stands. */
  private record TableChange(
      int id, long sequence, long location, @Nullable Definition definition) {}

  /**
   * A record that is damaged, as far as its header can be believed.
   *
   * @param place as in {@link RecoveryMap}
   */
  private record Suspect(int table, long hash, long sequence, long place) {}

  /**
   * Goes through the whole log, of which an archive may spare the reading; returns where to name
   * the records that live on. A damaged record that seems to be the newest of its key is taken for
   * it: reading the row then fails and says where the damage is, instead of finding an older
   * version.
   */
  Survivors run(SegmentedLog log, DigestArchive archive) {
    Survivors survivors = log.recover(this, Checkpoints.KEPT, archive);
    applyReady();
    uncommitted = pendingRows.size() + pendingChanges.size() + pendingTokens.size();
    dropWaiting();
    neverCount.build().forEach(survivors::neverCounts);
    for (Suspect suspect : suspects) {
      Found keyspace = found.get(suspect.table);
      if (keyspace != null && suspect.sequence > 0 && suspect.sequence <= newestSequence) {
        keyspace.rows.put(suspect.hash, suspect.sequence, false, suspect.place);
      }
    }
    return survivors;
  }

  /** Returns the sequence number to go on from. */
  long newestSequence() {
    return newestSequence;
  }

  /** Returns how many damaged stretches the scan met; each was logged. */
  long corruptions() {
    return corruptions;
  }

  /** Returns how many records at the end of the log wait for a commit that will not come. */
  long uncommitted() {
    return uncommitted;
  }

  /** Returns the keyspaces that exist, the one that was defined last first. */
  List<Definition> definitions() {
    List<Definition> result = new ArrayList<>();
    found.forEach((id, keyspace) -> {
      Definition definition = keyspace.definition;
      if (definition != null && definition.definedAt > keyspace.droppedAt) {
        result.add(definition);
      }
    });
    result.sort(Comparator.comparingLong(Definition::definedAt).reversed());
    return result;
  }

  /** Returns how many keys of a keyspace there are at most. */
  long keys(int id) {
    Found keyspace = found.get(id);
    return keyspace == null ? 0 : keyspace.rows.size();
  }

  /** Visits the rows of a keyspace that are alive. */
  void forEachRow(int id, RecoveryMap.Visitor visitor) {
    Found keyspace = found.get(id);
    if (keyspace != null) {
      keyspace.rows.forEachNewerThan(keyspace.droppedAt, visitor);
    }
  }

  /** Gives a keyspace the tokens of its newest pushes. */
  void fill(Definition definition, PushTokens tokens) {
    Found keyspace = found.get(definition.id());
    if (keyspace != null) {
      keyspace.forgetTokens();
      for (Token token : keyspace.tokens) {
        if (token.sequence > definition.definedAt()) {
          tokens.recover(token.token, token.location);
        }
      }
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
      case RecordFormat.TABLE ->
          change(
              committed,
              new TableChange(
                  table,
                  sequence,
                  location,
                  definition(table, sequence, location, payloadAddress, payloadBytes)));
      case RecordFormat.DROP -> change(committed, new TableChange(table, sequence, location, null));
      case RecordFormat.TOKEN -> {
        String token = PushTokens.keyOf(bytes(payloadAddress, payloadBytes));
        add(committed, new Token(table, sequence, location, token));
      }
      case RecordFormat.COMMIT -> commit(key, payloadAddress, payloadBytes);
      case RecordFormat.START -> dropWaiting();
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
    if (!committed) {
      pendingRows.add(table, hash, sequence, place);
      return;
    }
    readyRows.add(table, hash, sequence, place);
    if (readyRows.size() == READY_RECORDS) {
      applyReady();
    }
  }

  private void add(boolean committed, Token token) {
    if (committed) {
      keyspace(token.table).add(token);
    } else {
      pendingTokens.add(token);
    }
  }

  private void applyReady() {
    readyRows.commit(sequence -> true, new Rows(true));
  }

  /** Takes records that count. */
  private final class Rows implements PendingRecords.Sink {
    /** Whether they did from the start, as copies do. */
    private final boolean atOnce;

    Rows(boolean atOnce) {
      this.atOnce = atOnce;
    }

    @Override
    public void approach(int table, long hash) {
      approached = rowsOf(table).approach(hash);
    }

    @Override
    public void row(int table, long hash, long sequence, long place) {
      rowsOf(table).put(hash, sequence, atOnce, place);
    }
  }

  private RecoveryMap rowsOf(int table) {
    Found keyspace = last;
    if (keyspace == null || table != lastTable) {
      keyspace = keyspace(table);
      last = keyspace;
      lastTable = table;
    }
    return keyspace.rows;
  }

  private void change(boolean committed, TableChange change) {
    if (committed) {
      apply(change);
    } else {
      pendingChanges.add(change);
    }
  }

  private void apply(TableChange change) {
    Found keyspace = keyspace(change.id);
    Definition last = keyspace.definition;
    if (change.definition == null) {
      keyspace.droppedAt = Math.max(keyspace.droppedAt, change.sequence);
    } else if (last == null || change.sequence > last.definedAt) {
      keyspace.definition = change.definition;
    }
  }

  private static Definition definition(
      int id, long sequence, long location, long payload, int payloadBytes) {
    byte[] encoded = bytes(payload, payloadBytes);
    boolean isStrings = TableCodec.isStrings(encoded);
    return new Definition(
        id,
        sequence,
        location,
        isStrings ? null : TableCodec.decode(encoded),
        isStrings ? StringsDefinition.decode(encoded) : null);
  }

  private Found keyspace(int table) {
    return found.computeIfAbsent(table, id -> new Found());
  }

  /** Forgets what waits, and remembers which deletions those were. */
  private void dropWaiting() {
    pendingRows.clear(place -> {
      if (RecoveryMap.isDeletion(place)) {
        neverCount.add(RecoveryMap.location(place));
      }
    });
    for (TableChange change : pendingChanges) {
      if (change.definition == null) {
        neverCount.add(change.location);
      }
    }
    pendingChanges.clear();
    pendingTokens.clear();
  }

  private void commit(long cut, long payloadAddress, int payloadBytes) {
    newestSequence = Math.max(newestSequence, cut);
    long[] exact = new long[payloadBytes / Long.BYTES];
    for (int i = 0; i < exact.length; i++) {
      exact[i] = RawMemory.getLong(payloadAddress + (long) i * Long.BYTES);
    }
    Arrays.sort(exact);
    PendingRecords.Coverage coverage =
        sequence -> sequence <= cut || Arrays.binarySearch(exact, sequence) >= 0;
    pendingRows.commit(coverage, new Rows(false));
    List<TableChange> waiting = new ArrayList<>();
    for (TableChange change : pendingChanges) {
      if (coverage.covers(change.sequence)) {
        apply(change);
      } else {
        waiting.add(change);
      }
    }
    pendingChanges = waiting;
    List<Token> waitingTokens = new ArrayList<>();
    for (Token token : pendingTokens) {
      if (coverage.covers(token.sequence)) {
        keyspace(token.table).add(token);
      } else {
        waitingTokens.add(token);
      }
    }
    pendingTokens = waitingTokens;
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
    pendingRows.close();
    readyRows.close();
    found.values().forEach(keyspace -> keyspace.rows.close());
  }
}

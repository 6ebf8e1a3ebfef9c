package dev.emberkv.engine;

import dev.emberkv.compaction.DigestArchive;
import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.compaction.RecordVisitor;
import dev.emberkv.compaction.SegmentReplay;
import dev.emberkv.compaction.SegmentedLog;
import dev.emberkv.engine.RecoveredTables.Control;
import dev.emberkv.engine.RecoveredTables.Definition;
import dev.emberkv.index.HashIndex;
import dev.emberkv.index.Location;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.LongStream;

/**
 * Rebuilds what a store holds from one scan of its log, or from digests of its segments. A record
 * counts from its commit on; of each key, the one with the highest sequence number, whatever the
 * order in which records stand.
 *
 * <p>All processors replay segments and deal the records to ranges of hashes; then all of them
 * settle one range after the other: which records count, which of these is the newest of its key,
 * and what is dead. See docs/adr/0016-opening.md.
 *
 * <p>Used by one thread while the store opens, but for {@link #begin} and {@link #end}.
 */
final class Recovery implements SegmentReplay, AutoCloseable {
  /** Of the log, about so many bytes fall into one range: its records fit into the cache. */
  private static final int RANGE_SHIFT = 23;

  private static final int MAX_RANGE_BITS = 12;

  /** From how many ranges the number of keys is guessed. */
  private static final int SAMPLES = 4;

  private final SegmentedLog log;
  private final long hashSeed;
  private final int manyBits;
  private final CommitHistory commits;
  private final RecoveredTables tables;
  private final LongStream.Builder neverCount = LongStream.builder();

  /** Guarded by this, as are the next three. */
  private final List<RecoveryScan> scans = new ArrayList<>();

  private final ArrayDeque<RecoveryScan> idle = new ArrayDeque<>();
  private final Map<Integer, List<Control>> early = new HashMap<>();
  private int applied;

  private final Map<Integer, RecoveredKeyspace> keyspaces = new HashMap<>();
  private final Set<Integer> filled = new HashSet<>();
  private long uncommitted;
  private long newestSequence;
  private long corruptions;

  /** Prepares a scan; ids are hashed with the seed of the store's indexes. */
  Recovery(SegmentedLog log, long hashSeed) {
    this.log = log;
    this.hashSeed = hashSeed;
    int bits = Long.SIZE - Long.numberOfLeadingZeros(log.usedBytes() >>> RANGE_SHIFT);
    this.manyBits = Math.clamp(bits, 1, MAX_RANGE_BITS);
    this.commits = new CommitHistory(log.segmentBytes() / RecordFormat.GRANULE_BYTES);
    this.tables = new RecoveredTables(commits, neverCount::add);
  }

  /**
   * Goes through the whole log, of which an archive may spare the reading. A damaged record that
   * seems to be the newest of its key is taken for it: reading the row then fails and says where
   * the damage is, instead of finding an older version.
   */
  void run(DigestArchive archive) {
    log.recover(this, archive);
    uncommitted = tables.finish();
    for (RecoveryScan scan : scans) {
      newestSequence = Math.max(newestSequence, scan.newestSequence());
      corruptions += scan.corruptions();
      scan.records().forEach((id, records) -> keyspace(id).add(records));
    }
    for (RecoveryScan scan : scans) {
      for (RecoveryScan.Suspect suspect : scan.suspects()) {
        int id = suspect.table();
        boolean known = keyspaces.containsKey(id) || tables.isKnown(id);
        if (known && suspect.sequence() > 0 && suspect.sequence() <= newestSequence) {
          keyspace(id).addSuspect(suspect);
        }
      }
    }
  }

  private RecoveredKeyspace keyspace(int id) {
    return keyspaces.computeIfAbsent(id, any -> new RecoveredKeyspace(log, commits));
  }

  @Override
  public RecordVisitor begin(int ordinal, int segment, long generation) {
    commits.segment(segment, generation);
    synchronized (this) {
      RecoveryScan scan = idle.poll();
      if (scan == null) {
        scan = new RecoveryScan(hashSeed, manyBits);
        scans.add(scan);
      }
      return scan;
    }
  }

  /** Takes a segment's control records as soon as all segments before it have ended. */
  @Override
  public synchronized void end(int ordinal, RecordVisitor visitor) {
    RecoveryScan scan = (RecoveryScan) visitor;
    early.put(ordinal, scan.takeControls());
    idle.push(scan);
    for (List<Control> next = early.remove(applied); next != null; next = early.remove(applied)) {
      next.forEach(tables::apply);
      applied++;
    }
  }

  /** Returns the sequence number to go on from. */
  long newestSequence() {
    return newestSequence;
  }

  /** Returns how many damaged stretches the scan met; each was logged. */
  long corruptions() {
    return corruptions;
  }

  /** Returns the keyspaces that exist, the one that was defined last first. */
  List<Definition> definitions() {
    return tables.definitions();
  }

  /** Returns about how many keys of a keyspace there are, those that were deleted among them. */
  long keys(int id) {
    RecoveredKeyspace keyspace = keyspaces.get(id);
    return keyspace == null ? 0 : keyspace.guessKeys(SAMPLES);
  }

  /** Puts the rows of a keyspace that are alive into its index, and declares the others dead. */
  void fill(int id, HashIndex index) {
    settle(id, tables.droppedAt(id), () -> new Filling(index.load()));
  }

  /** Puts the rows that one thread finds alive into an index. */
  private record Filling(HashIndex.Loading loading) implements RecoveredKeyspace.Alive {
    @Override
    public void row(long hash, long version, long place) {
      loading.add(hash, Location.cold(RecoveryMap.location(place)));
    }

    @Override
    public void close() {
      loading.close();
    }
  }

  /** Gives a keyspace the tokens of its newest pushes. */
  void fill(Definition definition, PushTokens tokens) {
    tables.fill(definition, tokens);
  }

  private void settle(int id, long droppedAt, Supplier<RecoveredKeyspace.Alive> alive) {
    filled.add(id);
    RecoveredKeyspace keyspace = keyspaces.get(id);
    if (keyspace != null) {
      RecoveredKeyspace.Rest rest = keyspace.settle(droppedAt, alive);
      uncommitted += rest.uncommitted();
      rest.neverCount().forEach(neverCount::add);
    }
  }

  /**
   * Declares dead what belongs to no keyspace that was filled, and definitions and tokens that
   * nothing needs.
   *
   * @param needed where the other definitions and tokens are
   * @return how many records at the end of the log wait for a commit that will not come
   */
  long finish(LongStream needed) {
    for (int id : List.copyOf(keyspaces.keySet())) {
      if (!filled.contains(id)) {
        settle(id, Long.MAX_VALUE, RecoveredKeyspace.Alive::none);
      }
    }
    tables.forEachUnneeded(needed, log::markDead);
    neverCount.build().forEach(log::neverCounts);
    return uncommitted;
  }

  @Override
  public synchronized void close() {
    scans.forEach(RecoveryScan::close);
    keyspaces.values().forEach(RecoveredKeyspace::close);
  }
}

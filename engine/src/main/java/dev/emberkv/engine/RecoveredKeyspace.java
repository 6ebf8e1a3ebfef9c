package dev.emberkv.engine;

import dev.emberkv.compaction.ParallelWork;
import dev.emberkv.compaction.SegmentedLog;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.LongStream;

/**
 * All that a replay of the log met of one keyspace's rows, and the settling of it: range of hashes
 * by range, on all processors if there are many.
 *
 * <p>Used by one thread; the others are its own.
 */
final class RecoveredKeyspace implements AutoCloseable {
  private final SegmentedLog log;
  private final CommitHistory commits;
  private final List<RecoveredRecords> parts = new ArrayList<>();
  private final RecoveryMemory memory = new RecoveryMemory();

  /** Damaged records, which are taken for such that count. */
  private final RecoveredRecords suspects = new RecoveredRecords(memory, 0);

  private int bits;

  /**
   * What a settling leaves.
   *
   * @param uncommitted how many records at the end of the log wait for a commit
   * @param neverCount where tombstones are that never count
   */
  record Rest(long uncommitted, LongStream neverCount) {}

  /** Takes the rows that one thread finds alive. */
  interface Alive extends RecoveryMap.Visitor, AutoCloseable {
    /** Ends the thread's rows. */
    @Override
    void close();

    /** Returns one that wants no rows. */
    static Alive none() {
      return new Alive() {
        @Override
        public void row(long hash, long version, long place) {}

        @Override
        public void close() {}
      };
    }
  }

  RecoveredKeyspace(SegmentedLog log, CommitHistory commits) {
    this.log = log;
    this.commits = commits;
  }

  /** Adds what one thread met. */
  void add(RecoveredRecords part) {
    parts.add(part);
    if (part.bits() != bits && bits == 0) {
      bits = part.bits();
    }
    parts.forEach(other -> other.deal(bits));
  }

  /** Adds a damaged record. */
  void addSuspect(RecoveryScan.Suspect suspect) {
    suspects.add(suspect.hash(), RecoveryMap.version(suspect.sequence(), false), suspect.place());
  }

  private int ranges() {
    return 1 << bits;
  }

  /** Guesses the number of keys, of which some may be deleted, from a few ranges. */
  long guessKeys(int samples) {
    int count = Math.min(samples, ranges());
    long keys = 0;
    try (Settling settling = new Settling(0, Alive.none())) {
      for (int i = 0; i < count; i++) {
        keys += settling.countKeys((int) ((long) ranges() * i / count));
      }
    }
    return keys * ranges() / count;
  }

  /**
   * Finds the newest record of each key and declares the others dead.
   *
   * @param droppedAt rows up to this sequence are dead
   * @param alive makes, for each thread, what takes the others, in about the order of hashes
   */
  Rest settle(long droppedAt, Supplier<Alive> alive) {
    AtomicInteger next = new AtomicInteger();
    List<Settling> all = new ArrayList<>();
    try {
      for (int i = Math.min(Runtime.getRuntime().availableProcessors(), ranges()); i > 0; i--) {
        all.add(new Settling(droppedAt, alive.get()));
      }
      List<Runnable> tasks = new ArrayList<>();
      all.forEach(settling -> tasks.add(() -> settling.run(next)));
      ParallelWork.run("ember-recovery", tasks);
    } finally {
      all.forEach(Settling::close);
    }
    return new Rest(
        all.stream().mapToLong(settling -> settling.uncommitted).sum(),
        all.stream().flatMapToLong(settling -> settling.neverCount.build()));
  }

  /** The work of one thread. */
  private final class Settling implements AutoCloseable {
    private final RecoveryMap newest = new RecoveryMap(commits::isLater);
    private final long droppedAt;
    private final Alive alive;
    private final LongStream.Builder neverCount = LongStream.builder();
    private long uncommitted;

    Settling(long droppedAt, Alive alive) {
      this.droppedAt = droppedAt;
      this.alive = alive;
    }

    void run(AtomicInteger next) {
      boolean done = false;
      try {
        for (int i = next.getAndIncrement(); i < ranges(); i = next.getAndIncrement()) {
          settle(i);
        }
        done = true;
      } finally {
        if (!done) {
          next.set(ranges());
        }
      }
    }

    private void settle(int range) {
      start(range);
      for (RecoveredRecords part : parts) {
        part.forEach(range, this::take);
      }
      forEachSuspect(range, this::put);
      newest.forEach(this::finish);
    }

    private void start(int range) {
      long records = suspects.size();
      for (RecoveredRecords part : parts) {
        records += part.size(range);
      }
      newest.start(records, bits);
    }

    private void forEachSuspect(int range, RecoveredRecords.Sink sink) {
      suspects.forEach(
          0,
          (hash, version, place) -> {
            if (RecoveredRecords.range(hash, bits) == range) {
              sink.record(hash, version, place);
            }
          });
    }

    private boolean counts(long version, long place) {
      return RecoveryMap.countsAtOnce(version)
          || commits.counts(RecoveryMap.location(place), RecoveryMap.sequence(version));
    }

    private void take(long hash, long version, long place) {
      if (counts(version, place)) {
        put(hash, version, place);
        return;
      }
      if (RecoveryMap.isDeletion(place)) {
        neverCount.add(RecoveryMap.location(place));
      }
      bury(place);
      if (commits.isInLastEra(RecoveryMap.location(place))) {
        uncommitted++;
      }
    }

    private void put(long hash, long version, long place) {
      long lost = newest.put(hash, version, place);
      if (lost != RecoveryMap.NO_PLACE) {
        bury(lost);
      }
    }

    private void finish(long hash, long version, long place) {
      if (RecoveryMap.sequence(version) <= droppedAt) {
        bury(place);
      } else if (!RecoveryMap.isDeletion(place)) {
        alive.row(hash, version, place);
      }
    }

    private void bury(long place) {
      if (!RecoveryMap.isDeletion(place)) {
        log.markDead(RecoveryMap.location(place));
      }
    }

    /** Returns how many keys a range has, and changes nothing. */
    long countKeys(int range) {
      start(range);
      for (RecoveredRecords part : parts) {
        part.forEach(range, this::count);
      }
      return newest.size();
    }

    private void count(long hash, long version, long place) {
      if (counts(version, place)) {
        newest.put(hash, version, place);
      }
    }

    @Override
    public void close() {
      try (newest) {
        alive.close();
      }
    }
  }

  @Override
  public void close() {
    memory.close();
  }
}

package dev.emberkv.engine;

import dev.emberkv.compaction.SegmentedLog;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
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
    try (Settling settling = new Settling(0, (hash, version, place) -> {})) {
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
   * @param alive takes the others, from several threads if there are many, each in about the order
   *     of hashes
   */
  Rest settle(long droppedAt, RecoveryMap.Visitor alive) {
    AtomicInteger next = new AtomicInteger();
    List<Settling> all = new ArrayList<>();
    List<Future<?>> running = new ArrayList<>();
    int threads = Math.min(Runtime.getRuntime().availableProcessors(), ranges());
    for (int i = 0; i < threads; i++) {
      all.add(new Settling(droppedAt, alive));
    }
    try {
      if (threads == 1) {
        all.getFirst().run(next);
      } else {
        try (ExecutorService pool =
            Executors.newFixedThreadPool(
                threads, Thread.ofPlatform().daemon().name("ember-recovery-", 0).factory())) {
          for (Settling settling : all) {
            running.add(pool.submit(() -> settling.run(next)));
          }
        }
      }
    } finally {
      all.forEach(Settling::close);
    }
    for (Future<?> thread : running) {
      if (thread.state() == Future.State.FAILED) {
        throw thread.exceptionNow() instanceof RuntimeException e
            ? e
            : new IllegalStateException("filling the index", thread.exceptionNow());
      }
    }
    return new Rest(
        all.stream().mapToLong(settling -> settling.uncommitted).sum(),
        all.stream().flatMapToLong(settling -> settling.neverCount.build()));
  }

  /** The work of one thread. */
  private final class Settling implements AutoCloseable {
    private final RecoveryMap newest = new RecoveryMap(commits::isLater);
    private final long droppedAt;
    private final RecoveryMap.Visitor alive;
    private final LongStream.Builder neverCount = LongStream.builder();
    private long uncommitted;

    Settling(long droppedAt, RecoveryMap.Visitor alive) {
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
      newest.close();
    }
  }

  @Override
  public void close() {
    memory.close();
  }
}

package dev.emberkv.engine;

import dev.emberkv.compaction.LogStats;
import dev.emberkv.compaction.SegmentUse;
import dev.emberkv.compaction.SegmentedLog;
import dev.emberkv.compaction.StoreFullException;
import dev.emberkv.compaction.VictimPolicy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives the space of dead records back: empties segments that {@link VictimPolicy} chooses, and
 * frees them.
 *
 * <p>A pass makes sure of four things, in this order. What it copies counts: everything was flushed
 * after the segment had been sealed. No reader still has an old location: every operation that was
 * under way has ended. What superseded the dead records counts as well: another flush. And the
 * copies are on stable storage. Why that loses nothing: docs/adr/0008-cleaning.md.
 *
 * <p>One daemon thread, that {@link #close} ends; {@link #clean} is for it and for tests.
 */
final class Compactor implements AutoCloseable {
  private static final Logger LOGGER = LoggerFactory.getLogger(Compactor.class);
  private static final long PERIOD_NANOS = 50_000_000L;
  private static final long LEAST_PAUSE_NANOS = 2_000_000L;

  private final Tiers tiers;
  private final SegmentedLog log;
  private final Flusher flusher;
  private final Evictor.KeyspaceRegistry keyspaces;
  private final CleaningPace pace;
  private final ForgottenDeletions deletions;
  private final Set<Integer> damaged = new HashSet<>();
  private final Thread thread;
  private boolean committed;
  private volatile boolean closed;

  /**
   * Makes the compactor of a store.
   *
   * @param deletions told of tombstones before they are gone
   */
  Compactor(
      Tiers tiers,
      Flusher flusher,
      Evictor.KeyspaceRegistry keyspaces,
      ForgottenDeletions deletions) {
    this.deletions = deletions;
    this.tiers = tiers;
    this.log = tiers.log();
    this.flusher = flusher;
    this.keyspaces = keyspaces;
    this.pace = new CleaningPace(tiers);
    this.thread = Thread.ofPlatform().name("ember-compactor").daemon().unstarted(this::work);
  }

  void start() {
    thread.start();
  }

  private void work() {
    boolean healthy = true;
    while (!closed) {
      try {
        tiers.space().review();
        pace.look(log.cleaning().sealedSegments(), log.cleaning().usedSegments());
        if (!wantsCleaning()) {
          tiers.space().awaitDemand(PERIOD_NANOS);
        } else {
          long start = System.nanoTime();
          if (clean() == 0) {
            tiers.space().nothingGained();
            // Writers wait for a second look before they are refused.
            LockSupport.parkNanos(
                Math.clamp(System.nanoTime() - start, LEAST_PAUSE_NANOS, PERIOD_NANOS));
          }
          pace.passed();
        }
        healthy = true;
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException | AssertionError e) {
        if (healthy) {
          LOGGER.error("Segments could not be cleaned", e);
        }
        healthy = false;
        tiers.space().nothingGained();
        LockSupport.parkNanos(PERIOD_NANOS);
      }
    }
  }

  /**
   * Returns whether to clean now. A pass commits what was written so far; where checkpoints are the
   * user's, that is done only when there is no other way to make room.
   */
  private boolean wantsCleaning() {
    return tiers.durability() == Durability.CHECKPOINT ? pace.isPressed() : pace.wantsCleaning();
  }

  /**
   * Runs one pass and returns how many segments it freed. 0 when no more can be gained than it
   * would cost.
   */
  synchronized int clean() {
    List<SegmentUse> sealed = log.cleaning().sealedSegments();
    flusher.flush(!committed);
    committed = true;
    tiers.epoch().synchronize();
    List<SegmentUse> victims = choose(sealed);
    List<Integer> emptied = new ArrayList<>();
    Map<Integer, Long> forgotten = new HashMap<>();
    try {
      VictimPolicy policy = new VictimPolicy(log.cleaning().usedSegments());
      for (SegmentUse victim : victims) {
        if (closed) {
          return 0;
        }
        if (new CleaningPass(tiers, keyspaces, victim, policy, forgotten, pace).run()) {
          emptied.add(victim.number());
        } else {
          damaged.add(victim.number());
        }
      }
    } catch (StoreFullException e) {
      LOGGER.debug("No room for more copies in this pass", e);
    }
    if (emptied.isEmpty()) {
      return 0;
    }
    deletions.forget(forgotten);
    return free(victims, emptied);
  }

  /** Does something between two passes, so that no record is copied or lost meanwhile. */
  synchronized void betweenPasses(Runnable action) {
    action.run();
  }

  /** Chooses segments that give back more than one, as far as there is room for their copies. */
  private List<SegmentUse> choose(List<SegmentUse> sealed) {
    VictimPolicy policy = new VictimPolicy(log.cleaning().usedSegments());
    List<SegmentUse> candidates = new ArrayList<>(sealed);
    candidates.removeIf(use -> damaged.contains(use.number()));
    List<SegmentUse> chosen = new ArrayList<>();
    if (!pace.isWorthwhile(candidates, policy)) {
      return chosen;
    }
    candidates.removeIf(use -> !pace.isWorthwhile(use, policy));
    long roomBytes = log.cleaning().cleaningRoomBytes();
    long goalBytes = pace.goalBytes();
    while (goalBytes > 0) {
      Optional<SegmentUse> next = policy.choose(candidates, log.cleaning().newestGeneration());
      if (next.isEmpty()) {
        break;
      }
      SegmentUse victim = next.get();
      long gain = policy.gainBytes(victim);
      roomBytes -= victim.capacityBytes() - gain;
      if (roomBytes < 0 && !chosen.isEmpty()) {
        break;
      }
      goalBytes -= gain;
      chosen.add(victim);
      candidates.remove(victim);
    }
    return chosen;
  }

  private int free(List<SegmentUse> victims, List<Integer> emptied) {
    log.cleaning().flushCopies();
    tiers.epoch().synchronize();
    flusher.flush(false);
    VictimPolicy policy = new VictimPolicy(log.cleaning().usedSegments());
    List<Integer> free = new ArrayList<>();
    for (SegmentUse victim : victims) {
      if (emptied.contains(victim.number())
          && log.cleaning().liveRecords(victim.number()) == 0
          && policy.mayBeFreed(victim)) {
        free.add(victim.number());
      }
    }
    if (!free.isEmpty()) {
      log.cleaning().free(free);
      tiers.counters().segmentsCleaned.add(free.size());
      tiers.space().freed();
    }
    return free.size();
  }

  /** Returns a reading of what the segments hold, and of what was done. */
  SpaceStats spaceStats() {
    long[] byFill = new long[SpaceStats.FILL_CLASSES];
    List<SegmentUse> used = log.cleaning().usedSegments();
    VictimPolicy policy = new VictimPolicy(used);
    long debtBytes = 0;
    for (SegmentUse use : used) {
      long fill = use.liveBytes() * byFill.length / use.capacityBytes();
      byFill[(int) Math.min(fill, byFill.length - 1L)]++;
      debtBytes += policy.gainBytes(use);
    }
    LogStats stats = log.stats();
    return new SpaceStats(
        Arrays.stream(byFill).boxed().toList(),
        stats.userBytes(),
        stats.hostBytesWritten(),
        stats.copyBytes(),
        tiers.counters().segmentsCleaned.sum(),
        debtBytes,
        stats.volumeBytes(),
        stats.limitBytes());
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

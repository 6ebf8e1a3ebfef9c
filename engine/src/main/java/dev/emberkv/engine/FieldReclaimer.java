package dev.emberkv.engine;

import dev.emberkv.compaction.CorruptionException;
import dev.emberkv.index.KeyHash;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drops the fields of hashes that are gone: a thread looks at the owners' headers, at once where
 * somebody has a suspicion, and at all of them every two seconds or so, of many hashes more slowly.
 *
 * <p>Fields are dropped when it is durable that no header names them, and all operations that may
 * have seen one have ended.
 */
final class FieldReclaimer implements AutoCloseable {
  private static final Logger LOGGER = LoggerFactory.getLogger(FieldReclaimer.class);
  private static final long PERIOD_NANOS = 100_000_000;
  private static final int PERIODS_PER_ROUND = 20;
  private static final int MAX_REVIEWS_PER_PERIOD = 1_000;

  private final Tiers tiers;
  private final long hashSeed;
  private final KeyLocks locks;
  private final FieldTables tables;
  private final Predicate<Keyspace> isDatabase;
  private final Runnable flush;
  private final Queue<FieldTable> suspects = new ConcurrentLinkedQueue<>();
  private final Set<FieldTable> gone = new HashSet<>();
  private final Thread thread;
  private List<FieldTable> round = List.of();
  private int reviewed;
  private int period = PERIODS_PER_ROUND;
  private volatile boolean suspectsAll;
  private volatile boolean closed;

  /**
   * Makes a reclaimer.
   *
   * @param isDatabase whether a keyspace is the one of a database at present
   * @param flush makes durable what was written
   */
  FieldReclaimer(
      Tiers tiers,
      long hashSeed,
      KeyLocks locks,
      FieldTables tables,
      Predicate<Keyspace> isDatabase,
      Runnable flush) {
    this.tiers = tiers;
    this.hashSeed = hashSeed;
    this.locks = locks;
    this.tables = tables;
    this.isDatabase = isDatabase;
    this.flush = flush;
    this.thread = Thread.ofPlatform().name("ember-fields").daemon().unstarted(this::work);
  }

  void start() {
    suspectsAll = true; // what a crash has left
    thread.start();
  }

  /** Learns that a key is gone, or another one's, that had the hash which a header names. */
  void suspect(byte[] header) {
    FieldTable table = tables.find(header);
    if (table != null) {
      suspects.add(table);
    }
  }

  /** Learns that a database is gone. */
  void suspectAll() {
    suspectsAll = true;
  }

  /** Learns that a table was made in vain. */
  void discard(FieldTable table) {
    table.disown();
    suspects.add(table);
  }

  private void work() {
    boolean healthy = true;
    while (!closed) {
      LockSupport.parkNanos(PERIOD_NANOS);
      try {
        tables.forgetStale();
        if (tables.count() > 0) {
          review();
          reclaim();
        }
        healthy = true;
      } catch (RuntimeException e) {
        if (healthy) {
          LOGGER.error("Fields of hashes that are gone could not be dropped; they stay", e);
        }
        healthy = false;
      }
    }
  }

  private void review() {
    if (suspectsAll) {
      suspectsAll = false;
      suspects.addAll(tables.all());
    }
    Collection<FieldTable> now = new HashSet<>();
    for (FieldTable next = suspects.poll(); next != null; next = suspects.poll()) {
      now.add(next);
    }
    if (period >= PERIODS_PER_ROUND && reviewed >= round.size()) {
      round = tables.all();
      reviewed = 0;
      period = 0;
    }
    period++;
    long due = Math.min(round.size(), (long) round.size() * period / PERIODS_PER_ROUND);
    int until = (int) Math.min(due, reviewed + MAX_REVIEWS_PER_PERIOD);
    now.addAll(round.subList(reviewed, until));
    reviewed = until;
    for (FieldTable table : now) {
      if (!closed && tables.find(table.header()) == table && isOrphan(table)) {
        gone.add(table);
      }
    }
  }

  @SuppressWarnings("ReferenceEquality") // A renaming brings another object.
  private boolean isOrphan(FieldTable table) {
    FieldTable.Owner owner = table.owner();
    if (owner == null) {
      return false; // being made
    }
    long hash = KeyHash.ofBytes(owner.key(), hashSeed);
    ReentrantLock lock = locks.lock(hash);
    try (Guard _ = tiers.epoch().enter()) {
      if (table.owner() != owner) {
        return false; // renamed just now
      }
      return !isDatabase.test(owner.keyspace()) || !isNamedByOwner(table, owner, hash);
    } catch (CorruptionException e) {
      return false; // whoever reads the key learns where the damage is
    } finally {
      lock.unlock();
    }
  }

  private static boolean isNamedByOwner(FieldTable table, FieldTable.Owner owner, long hash) {
    byte[] key = owner.key();
    StringCopy copy = new StringCopy(new RowKey.Text().of(hash, key, 0, key.length), false);
    return owner.keyspace().read(copy.key, copy) != RowStatus.MISSING
        && copy.type() == ValueType.HASH_ROWS
        && table.isNamedBy(copy.value());
  }

  private void reclaim() {
    if (gone.isEmpty()) {
      return;
    }
    if (tiers.durability() != Durability.CHECKPOINT) {
      flush.run(); // with checkpoints, the drop waits for the next one as the headers do
    }
    tiers.epoch().synchronize();
    List<FieldTable> free = new ArrayList<>(gone);
    free.removeIf(FieldTable::isUsed);
    for (FieldTable table : free) {
      if (closed) {
        return;
      }
      gone.remove(table);
      tables.drop(table);
    }
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

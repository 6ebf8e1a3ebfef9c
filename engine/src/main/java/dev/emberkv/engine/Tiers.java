package dev.emberkv.engine;

import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.compaction.SegmentedLog;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/**
 * The parts that all keyspaces of a store share.
 *
 * @param slabs the DRAM tier's memory
 * @param log the device tier
 * @param readers lends readers of the log
 * @param resolverReaders the same for a growing index, which may need one while a batch holds
 *     another
 * @param evictor makes room in the DRAM tier
 * @param epoch tells when operations have ended
 * @param counters what happened
 * @param clock numbers the batches
 * @param space lets writes in while there is room for them
 * @param durability when a write counts as done
 * @param latencies how long reads take
 * @param async reads what asynchronous lookups left on the device
 * @param waits which threads must not wait
 */
record Tiers(
    SlabPool slabs,
    SegmentedLog log,
    RecordReaders readers,
    RecordReaders resolverReaders,
    Evictor evictor,
    Epoch epoch,
    Counters counters,
    CommitClock clock,
    DiskSpace space,
    Durability durability,
    TierLatencies latencies,
    AsyncLookups async,
    WaitRule waits) {
  /**
   * Stamps a batch.
   *
   * @param rows how many rows it may write
   * @throws dev.emberkv.uring.IoFailure when the store is read-only since a write or sync failed
   */
  Stamp nextStamp(long rows) {
    log.checkWritable();
    return new Stamp(clock.next(), wallSeconds(), rows == 1);
  }

  /** Returns the wall clock in seconds since 1970. */
  static int wallSeconds() {
    return (int) (System.currentTimeMillis() / 1000);
  }

  /** Returns whether rows go to the log before they are acknowledged. */
  boolean writesThrough() {
    return durability == Durability.ALWAYS;
  }

  /** Returns a record's kind, with the flag of those that count without a commit. */
  int loggedKind(int kind, Stamp stamp) {
    return writesThrough() && stamp.alone() ? kind | RecordFormat.COMMITTED : kind;
  }

  /**
   * Writes a batch under one number, inside the epoch. When rows are written through, its commit
   * follows them; otherwise that is the next flush's. A batch that fails on the way has written
   * some of its rows, and these stay, after a crash as before.
   *
   * @param rows how many rows it may write
   * @throws dev.emberkv.uring.IoFailure when the store is read-only since a write or sync failed
   */
  void write(long rows, Consumer<Stamp> batch) {
    write(nextStamp(rows), batch);
  }

  /** Writes a batch as {@link #write(long, Consumer)} does, as of a time in seconds since 1970. */
  void write(long rows, int time, Consumer<Stamp> batch) {
    log.checkWritable();
    write(new Stamp(clock.next(), time, rows == 1), batch);
  }

  private void write(Stamp stamp, Consumer<Stamp> batch) {
    try {
      batch.accept(stamp);
    } catch (RuntimeException e) {
      try {
        commit(stamp);
      } catch (RuntimeException second) {
        e.addSuppressed(second);
      }
      throw e;
    }
    commit(stamp);
  }

  private void commit(Stamp stamp) {
    if (writesThrough() && !stamp.alone()) {
      log.append(
          RecordFormat.COMMIT,
          0,
          0,
          stamp.sequence(),
          stamp.time(),
          MemorySegment.ofArray(stamp.sequences()));
    }
  }

  /** Ends a write, outside the epoch: returns when it counts as done. */
  void acknowledge() {
    if (writesThrough()) {
      log.flush();
    }
  }

  /** Returns whether the newest cut lies between two batches whose rows wait for a flush. */
  boolean isCutBetween(long older, long newer) {
    return !writesThrough() && clock.isBetween(older, newer);
  }
}

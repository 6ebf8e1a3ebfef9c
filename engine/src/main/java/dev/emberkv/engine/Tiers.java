package dev.emberkv.engine;

import dev.emberkv.compaction.SegmentedLog;
import java.util.concurrent.atomic.AtomicLong;

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
 * @param sequence the newest batch's sequence number
 * @param durability when a write counts as done
 */
record Tiers(
    SlabPool slabs,
    SegmentedLog log,
    RecordReaders readers,
    RecordReaders resolverReaders,
    Evictor evictor,
    Epoch epoch,
    Counters counters,
    AtomicLong sequence,
    Durability durability) {
  /** Returns the stamp of a new batch. */
  Stamp nextStamp() {
    return new Stamp(sequence.incrementAndGet(), (int) (System.currentTimeMillis() / 1000));
  }

  /** Returns whether rows go to the log before they are acknowledged. */
  boolean writesThrough() {
    return durability == Durability.ALWAYS;
  }

  /** Ends a write: returns when it counts as done. */
  void acknowledge() {
    if (writesThrough()) {
      log.flush();
    }
  }
}

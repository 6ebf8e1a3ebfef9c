package dev.emberkv.engine;

import java.util.concurrent.atomic.LongAdder;

/** Counts of what the tiers did. Thread-safe; batches add once, not once a row. */
final class Counters {
  final LongAdder hits = new LongAdder();
  final LongAdder coldHits = new LongAdder();
  final LongAdder misses = new LongAdder();
  final LongAdder admissions = new LongAdder();
  final LongAdder evictionsClean = new LongAdder();
  final LongAdder evictionsDirty = new LongAdder();
  final LongAdder falsePositives = new LongAdder();

  /** Counts one looked-up key by its {@link RowStatus}. */
  void count(byte status) {
    switch (status) {
      case RowStatus.HOT -> hits.increment();
      case RowStatus.COLD -> coldHits.increment();
      default -> misses.increment();
    }
  }
}

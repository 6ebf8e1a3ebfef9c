package dev.emberkv.engine;

import java.util.concurrent.atomic.LongAdder;

/** Counts of what the tiers did, beside the answers that each {@link Guard} counts. Thread-safe. */
final class Counters {
  final LongAdder admissions = new LongAdder();
  final LongAdder rejections = new LongAdder();
  final LongAdder evictionsClean = new LongAdder();
  final LongAdder evictionsDirty = new LongAdder();
  final LongAdder prefetchesUsed = new LongAdder();
  final LongAdder prefetchesLate = new LongAdder();
  final LongAdder prefetchesWasted = new LongAdder();
  final LongAdder prefetchesRefused = new LongAdder();
  final LongAdder falsePositives = new LongAdder();
  final LongAdder segmentsCleaned = new LongAdder();
}

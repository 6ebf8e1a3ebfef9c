package dev.emberkv.cuda;

import java.lang.foreign.MemorySegment;

/** Receives gradients, to apply them to rows. */
@FunctionalInterface
public interface GradientSink {
  /**
   * Applies a batch of gradients.
   *
   * @param keys n packed ids, duplicates included
   * @param gradients n packed gradients, in the order of the ids
   */
  void push(MemorySegment keys, MemorySegment gradients);
}

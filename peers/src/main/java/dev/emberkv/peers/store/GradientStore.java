package dev.emberkv.peers.store;

import java.lang.foreign.MemorySegment;

/** A store that moves rows along gradients by itself. */
public interface GradientStore {
  /**
   * Does a step of Adagrad; gradients of a duplicate id are summed first.
   *
   * @param keys packed ids
   * @param gradients packed f32 gradients
   */
  void push(MemorySegment keys, MemorySegment gradients);

  /** Reads the weights of a row that gradients went to. */
  void readWeights(long key, MemorySegment weights);
}

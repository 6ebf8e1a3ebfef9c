package dev.emberkv.bench.workload;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Batches of keys that were drawn ahead of time and go round and round: for works whose time goes
 * by the clock on the wall, in which drawing must have no part.
 *
 * <p>Not thread-safe.
 */
public final class DrawnBatches {
  private static final int BATCHES = 64;
  private static final int CACHE_LINE_BYTES = 64;

  private final MemorySegment[] batches = new MemorySegment[BATCHES];
  private final int size;
  private int next;

  /**
   * Draws.
   *
   * @param size keys of a batch
   */
  public DrawnBatches(KeyStream stream, int size) {
    this.size = size;
    Arena arena = Arena.ofAuto();
    for (int i = 0; i < BATCHES; i++) {
      batches[i] = arena.allocate((long) size * Long.BYTES, CACHE_LINE_BYTES);
      stream.fill(batches[i]);
    }
  }

  /** Returns the number of keys in a batch. */
  public int size() {
    return size;
  }

  /** Returns the next batch of packed keys. */
  public MemorySegment next() {
    MemorySegment batch = batches[next];
    next = (next + 1) % BATCHES;
    return batch;
  }

  /** Returns the packed keys as an array. */
  static long[] keys(MemorySegment batch) {
    return batch.toArray(ValueLayout.JAVA_LONG);
  }
}

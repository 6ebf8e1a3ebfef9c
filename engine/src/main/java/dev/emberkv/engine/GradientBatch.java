package dev.emberkv.engine;

import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.LongUnaryOperator;

/**
 * The gradients of a push by id: each id once, in the order in which ids first occur, with the
 * places of its gradients in the order of the batch. In that order they are summed, in f32, so the
 * same batch gives the same bits whatever the machine.
 *
 * <p>Immutable once made.
 */
final class GradientBatch {
  /** The most ids of a push. */
  static final int MAX_KEYS = 1 << 20;

  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int NONE = -1;

  private final LongUnaryOperator hash;
  private final MemorySegment gradients;
  private final int gradientBytes;
  private final long[] ids;
  private final int[] first;
  private final int[] next;
  private int count;

  /**
   * Finds the ids that occur more than once.
   *
   * @param keys packed ids, {@link #MAX_KEYS} at most
   * @param gradients as many packed gradients
   * @param hash spreads ids over 64 bits
   */
  GradientBatch(MemorySegment keys, MemorySegment gradients, int dim, LongUnaryOperator hash) {
    this.hash = hash;
    this.gradients = gradients;
    this.gradientBytes = dim * Float.BYTES;
    int keyCount = (int) (keys.byteSize() / Long.BYTES);
    this.ids = new long[keyCount];
    this.first = new int[keyCount];
    this.next = new int[keyCount];
    index(keys, keyCount);
  }

  private void index(MemorySegment keys, int keyCount) {
    int[] last = new int[keyCount];
    int bits = Math.max(1, Integer.SIZE - Integer.numberOfLeadingZeros(2 * keyCount - 1));
    int[] cells = new int[1 << bits];
    int mask = cells.length - 1;
    Arrays.fill(next, NONE);
    for (int i = 0; i < keyCount; i++) {
      long id = keys.get(ValueLayout.JAVA_LONG_UNALIGNED, (long) i * Long.BYTES);
      int cell = (int) hash.applyAsLong(id) & mask;
      int seen = cells[cell];
      while (seen != 0 && ids[seen - 1] != id) {
        cell = (cell + 1) & mask;
        seen = cells[cell];
      }
      if (seen == 0) {
        ids[count] = id;
        first[count] = i;
        last[count] = i;
        cells[cell] = ++count;
      } else {
        next[last[seen - 1]] = i;
        last[seen - 1] = i;
      }
    }
  }

  /** Returns how many different ids there are. */
  int count() {
    return count;
  }

  /** Returns the different ids, packed. */
  MemorySegment ids() {
    return MemorySegment.ofArray(ids).asSlice(0, (long) count * Long.BYTES);
  }

  /** Returns the n-th of the different ids. */
  long id(int n) {
    return ids[n];
  }

  /** Returns the hash of the n-th id. */
  long hash(int n) {
    return hash.applyAsLong(ids[n]);
  }

  /** Returns how often the n-th id stands in the push. */
  int times(int n) {
    int times = 1;
    for (int place = next[first[n]]; place != NONE; place = next[place]) {
      times++;
    }
    return times;
  }

  /**
   * Writes the sum of the gradients of the n-th id.
   *
   * @param target the address of the sum
   * @param scratch the address of as many bytes, for the gradients that are added
   */
  void sum(int n, OptimizerStep step, long target, long scratch) {
    int place = first[n];
    copy(place, target);
    for (place = next[place]; place != NONE; place = next[place]) {
      copy(place, scratch);
      step.add(target, scratch);
    }
  }

  /** Returns the sum of packed f32 values that came with the gradients of the n-th id. */
  float sum(int n, MemorySegment values) {
    int place = first[n];
    float sum = values.get(FLOAT, (long) place * Float.BYTES);
    for (place = next[place]; place != NONE; place = next[place]) {
      sum += values.get(FLOAT, (long) place * Float.BYTES);
    }
    return sum;
  }

  private void copy(int place, long target) {
    RawMemory.copy(gradients, (long) place * gradientBytes, target, gradientBytes);
  }
}

package dev.emberkv.peers.work;

import dev.emberkv.peers.store.RowBuffers;
import dev.emberkv.peers.store.RowStore;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Adagrad on a store that knows nothing of it, as a trainer would do it: gradients of the same id
 * are summed, each row is read once, moved and written back.
 *
 * <p>Not thread-safe.
 */
final class ReadMoveWrite implements GradientWork.Steps {
  private static final float LEARNING_RATE = 1e-2f;
  private static final float EPSILON = 1e-10f;
  private static final long LOW_BITS = 0xffffffffL;

  private final RowStore store;
  private final int dim;
  private final RowBuffers whole;
  private final long[] order;
  private final float[] sums;
  private final float[] row;

  ReadMoveWrite(RowStore store, int batch, int rowBytes) {
    this.store = store;
    this.dim = rowBytes / 2 / Float.BYTES;
    this.whole = new RowBuffers(batch, rowBytes);
    this.order = new long[batch];
    this.sums = new float[batch * dim];
    this.row = new float[2 * dim];
  }

  @Override
  public void create(MemorySegment keys, MemorySegment gradients) {
    int count = sum(keys, gradients);
    whole.rows().fill((byte) 0);
    move(count);
    store.put(whole, count);
  }

  @Override
  public void push(MemorySegment keys, MemorySegment gradients) {
    int count = sum(keys, gradients);
    store.lookup(whole, count);
    move(count);
    store.put(whole, count);
  }

  /** Puts the distinct keys into the buffers and their summed gradients beside them. */
  private int sum(MemorySegment keys, MemorySegment gradients) {
    int batch = order.length;
    for (int i = 0; i < batch; i++) {
      order[i] = (keys.getAtIndex(ValueLayout.JAVA_LONG, i) << 32) | i;
    }
    Arrays.sort(order);
    int count = 0;
    long last = -1;
    for (long entry : order) {
      long key = entry >>> 32;
      if (key != last) {
        whole.key(count++, GradientWork.FIRST_KEY + key);
        last = key;
        Arrays.fill(sums, (count - 1) * dim, count * dim, 0);
      }
      long gradient = (entry & LOW_BITS) * dim;
      int sum = (count - 1) * dim;
      for (int i = 0; i < dim; i++) {
        sums[sum + i] += gradients.getAtIndex(ValueLayout.JAVA_FLOAT, gradient + i);
      }
    }
    return count;
  }

  private void move(int count) {
    for (int i = 0; i < count; i++) {
      MemorySegment.copy(whole.rows(), ValueLayout.JAVA_FLOAT, whole.offset(i), row, 0, row.length);
      step(i * dim);
      MemorySegment.copy(row, 0, whole.rows(), ValueLayout.JAVA_FLOAT, whole.offset(i), row.length);
    }
  }

  private void step(int gradient) {
    for (int i = 0; i < dim; i++) {
      float g = sums[gradient + i];
      float accumulated = row[dim + i] + g * g;
      row[dim + i] = accumulated;
      row[i] -= LEARNING_RATE * g / ((float) Math.sqrt(accumulated) + EPSILON);
    }
  }

  @Override
  public void readWeights(long key, MemorySegment weights) {
    store.get(GradientWork.FIRST_KEY + key, whole);
    MemorySegment.copy(whole.rows(), 0, weights, 0, weights.byteSize());
  }
}

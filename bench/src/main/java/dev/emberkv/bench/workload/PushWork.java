package dev.emberkv.bench.workload;

import dev.emberkv.engine.PushOptions;
import dev.emberkv.engine.Table;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.HdrHistogram.Histogram;

/**
 * Pushes random gradients to rows of a table that learns.
 *
 * <p>Not thread-safe.
 */
public final class PushWork implements Work {
  private static final int CACHE_LINE_BYTES = 64;

  private final Table table;
  private final KeyStream stream;
  private final int batch;
  private final MemorySegment keys;
  private final MemorySegment gradients;
  private final float[] row;

  /** Allocates the buffers of a thread, and draws its gradients, which stay the same. */
  public PushWork(Table table, KeyStream stream, int batch) {
    this.table = table;
    this.stream = stream;
    this.batch = batch;
    int dim = table.spec().dim();
    Arena arena = Arena.ofAuto();
    this.keys = arena.allocate((long) batch * Long.BYTES, CACHE_LINE_BYTES);
    this.gradients = arena.allocate((long) batch * dim * Float.BYTES, CACHE_LINE_BYTES);
    this.row = new float[dim];
    SplittableRandom random = new SplittableRandom(dim);
    for (long i = 0; i < (long) batch * dim; i++) {
      gradients.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
  }

  /** Pushes to each of the keys 0..rows-1 once, which makes their rows. */
  public static void load(Table table, long rows, int batch) {
    long[] keys = new long[batch];
    float[] gradients = new float[batch * table.spec().dim()];
    java.util.Arrays.fill(gradients, 1);
    for (long first = 0; first < rows; first += batch) {
      for (int i = 0; i < batch; i++) {
        keys[i] = Math.min(rows - 1, first + i);
      }
      table.push(keys, gradients);
    }
  }

  @Override
  public void prepare() {
    stream.fill(keys);
  }

  @Override
  public long run(Histogram latenciesNanos) {
    long start = System.nanoTime();
    table.push(keys, gradients, PushOptions.none());
    latenciesNanos.recordValue(System.nanoTime() - start);
    return batch;
  }

  /** Looks at one of the rows: gradients have moved all of it. */
  @Override
  public void verify() {
    long key = keys.getAtIndex(ValueLayout.JAVA_LONG, 0);
    table.get(key, MemorySegment.ofArray(row));
    for (float value : row) {
      if (value == 0 || !Float.isFinite(value)) {
        throw new IllegalStateException("row %d has an element %s".formatted(key, value));
      }
    }
  }
}

package dev.emberkv.peers.work;

import dev.emberkv.bench.workload.KeyStream;
import dev.emberkv.bench.workload.Work;
import dev.emberkv.peers.store.GradientStore;
import dev.emberkv.peers.store.RowStore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.HdrHistogram.Histogram;

/**
 * Steps of Adagrad: a store that has them takes keys and gradients; of any other, rows are read,
 * moved and written.
 *
 * <p>Not thread-safe.
 */
public final class GradientWork implements Work {
  private static final int CACHE_LINE_BYTES = 64;

  /** Where rows that gradients go to begin, in a store without tables. */
  public static final long FIRST_KEY = 1L << 40;

  private final KeyStream stream;
  private final int batch;
  private final int dim;
  private final MemorySegment keys;
  private final MemorySegment gradients;
  private final Steps steps;
  private final MemorySegment weights;

  /**
   * Makes the gradients, which stay the same.
   *
   * @param rowBytes width of a row: weights, and as many accumulators
   */
  public GradientWork(RowStore store, KeyStream stream, int batch, int rowBytes) {
    this.stream = stream;
    this.batch = batch;
    this.dim = rowBytes / 2 / Float.BYTES;
    Arena arena = Arena.ofAuto();
    keys = arena.allocate((long) batch * Long.BYTES, CACHE_LINE_BYTES);
    gradients = arena.allocate((long) batch * dim * Float.BYTES, CACHE_LINE_BYTES);
    weights = arena.allocate((long) dim * Float.BYTES, CACHE_LINE_BYTES);
    SplittableRandom random = new SplittableRandom(dim);
    for (long i = 0; i < (long) batch * dim; i++) {
      gradients.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
    }
    steps =
        store instanceof GradientStore learns
            ? new OwnSteps(learns)
            : new ReadMoveWrite(store, batch, rowBytes);
  }

  /** Makes the rows 0..rows-1 that gradients go to, by a first step on each. */
  public void load(long rows) {
    for (long first = 0; first < rows; first += batch) {
      for (int i = 0; i < batch; i++) {
        keys.setAtIndex(ValueLayout.JAVA_LONG, i, Math.min(rows - 1, first + i));
      }
      steps.create(keys, gradients);
    }
  }

  @Override
  public void prepare() {
    stream.fill(keys);
  }

  @Override
  public long run(Histogram latenciesNanos) {
    long start = System.nanoTime();
    steps.push(keys, gradients);
    latenciesNanos.recordValue(System.nanoTime() - start);
    return batch;
  }

  /** Looks at one of the rows: gradients have moved all of it. */
  @Override
  public void verify() {
    long key = keys.getAtIndex(ValueLayout.JAVA_LONG, 0);
    steps.readWeights(key, weights);
    for (int i = 0; i < dim; i++) {
      float value = weights.getAtIndex(ValueLayout.JAVA_FLOAT, i);
      if (value == 0 || !Float.isFinite(value)) {
        throw new IllegalStateException("row %d has an element %s".formatted(key, value));
      }
    }
  }

  /** How a store does steps. */
  interface Steps {
    /** Does the first step of rows that are new. */
    void create(MemorySegment keys, MemorySegment gradients);

    /** Does a step. */
    void push(MemorySegment keys, MemorySegment gradients);

    /** Reads a row's weights. */
    void readWeights(long key, MemorySegment weights);
  }

  private record OwnSteps(GradientStore store) implements Steps {
    @Override
    public void create(MemorySegment keys, MemorySegment gradients) {
      store.push(keys, gradients);
    }

    @Override
    public void push(MemorySegment keys, MemorySegment gradients) {
      store.push(keys, gradients);
    }

    @Override
    public void readWeights(long key, MemorySegment weights) {
      store.readWeights(key, weights);
    }
  }
}

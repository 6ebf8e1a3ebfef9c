package dev.emberkv.bench.workload;

import dev.emberkv.engine.Pooling;
import dev.emberkv.engine.Table;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.HdrHistogram.Histogram;

/**
 * Reads rows and has them summed bag by bag.
 *
 * <p>Not thread-safe.
 */
public final class PoolWork implements Work {
  private static final int CACHE_LINE_BYTES = 64;

  private final Table table;
  private final KeyStream stream;
  private final int batch;
  private final int bagRows;
  private final MemorySegment keys;
  private final MemorySegment offsets;
  private final MemorySegment pooled;

  /** Allocates the buffers of a thread: bags of {@code bagRows} rows, {@code batch} in all. */
  public PoolWork(Table table, KeyStream stream, int batch, int bagRows) {
    this.table = table;
    this.stream = stream;
    this.batch = batch;
    this.bagRows = bagRows;
    int bags = Math.ceilDiv(batch, bagRows);
    Arena arena = Arena.ofAuto();
    this.keys = arena.allocate((long) batch * Long.BYTES, CACHE_LINE_BYTES);
    this.offsets = arena.allocate((long) bags * Integer.BYTES, CACHE_LINE_BYTES);
    this.pooled = arena.allocate((long) bags * table.spec().dim() * Float.BYTES, CACHE_LINE_BYTES);
    for (int bag = 0; bag < bags; bag++) {
      offsets.setAtIndex(ValueLayout.JAVA_INT, bag, bag * bagRows);
    }
  }

  @Override
  public void prepare() {
    stream.fill(keys);
  }

  @Override
  public long run(Histogram latenciesNanos) {
    long start = System.nanoTime();
    table.pool(Pooling.SUM, keys, offsets, MemorySegment.NULL, pooled);
    latenciesNanos.recordValue(System.nanoTime() - start);
    return batch;
  }

  /** Sums the first bag by single lookups. */
  @Override
  public void verify() {
    int dim = table.spec().dim();
    float[] sum = new float[dim];
    float[] row = new float[dim];
    for (int i = 0; i < Math.min(bagRows, batch); i++) {
      table.get(keys.getAtIndex(ValueLayout.JAVA_LONG, i), MemorySegment.ofArray(row));
      for (int column = 0; column < dim; column++) {
        sum[column] += row[column];
      }
    }
    for (int column = 0; column < dim; column++) {
      float found = pooled.getAtIndex(ValueLayout.JAVA_FLOAT, column);
      if (Float.compare(found, sum[column]) != 0) {
        throw new IllegalStateException(
            "column %d of the first bag is %s, its rows sum to %s"
                .formatted(column, found, sum[column]));
      }
    }
  }
}

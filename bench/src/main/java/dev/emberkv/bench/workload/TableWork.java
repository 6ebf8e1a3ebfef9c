package dev.emberkv.bench.workload;

import dev.emberkv.engine.Table;
import java.lang.foreign.MemorySegment;
import org.HdrHistogram.Histogram;

/** The works that a benchmark does on a table, by batches or by single keys. */
public final class TableWork {
  /** Single-key calls in a step; as many keys are drawn ahead, outside the measured part. */
  static final int SINGLE_CALLS = 4096;

  /** One of so many single-key calls is timed: the clock takes a fourth of the time of a get. */
  private static final int TIMED_CALL = 64;

  private TableWork() {}

  /**
   * Returns a reader of {@code batch} rows a call; with 1, by single-key calls. It samples the rows
   * that it gets.
   */
  public static Work lookups(Table table, KeyStream stream, RowPattern pattern, int batch) {
    return batch == 1
        ? new Gets(table, new RowBatch(stream, pattern, SINGLE_CALLS, 1))
        : new Lookups(table, new RowBatch(stream, pattern, batch, batch));
  }

  /** Returns a writer of {@code batch} rows a call; with 1, by single-key calls. */
  public static Work puts(Table table, KeyStream stream, RowPattern pattern, int batch) {
    return batch == 1
        ? new SinglePuts(table, new RowBatch(stream, pattern, SINGLE_CALLS, SINGLE_CALLS), pattern)
        : new Puts(table, new RowBatch(stream, pattern, batch, batch));
  }

  private record Lookups(Table table, RowBatch batch) implements Work {
    @Override
    public void prepare() {
      batch.draw();
    }

    @Override
    public long run(Histogram latenciesNanos) {
      long start = System.nanoTime();
      table.lookup(batch.keys(), batch.rows(), MemorySegment.NULL);
      latenciesNanos.recordValue(System.nanoTime() - start);
      return batch.count();
    }

    @Override
    public void verify() {
      batch.requireSample();
    }
  }

  private record Gets(Table table, RowBatch batch) implements Work {
    @Override
    public void prepare() {
      batch.draw();
    }

    @Override
    public long run(Histogram latenciesNanos) {
      for (int i = 0; i < batch.count(); i += TIMED_CALL) {
        long start = System.nanoTime();
        table.get(batch.key(i), batch.rows());
        latenciesNanos.recordValue(System.nanoTime() - start);
        for (int j = i + 1; j < i + TIMED_CALL; j++) {
          table.get(batch.key(j), batch.rows());
        }
      }
      return batch.count();
    }

    @Override
    public void verify() {
      batch.requireFirstRow(batch.key(batch.count() - 1));
    }
  }

  private record Puts(Table table, RowBatch batch) implements Work {
    @Override
    public void prepare() {
      batch.drawWithRows();
    }

    @Override
    public long run(Histogram latenciesNanos) {
      long start = System.nanoTime();
      table.put(batch.keys(), batch.rows());
      latenciesNanos.recordValue(System.nanoTime() - start);
      return batch.count();
    }

    /** What was written is compared by whoever reads it: rows are a function of their key. */
    @Override
    public void verify() {}
  }

  private record SinglePuts(Table table, RowBatch batch, RowPattern pattern) implements Work {
    @Override
    public void prepare() {
      batch.drawWithRows();
    }

    @Override
    public long run(Histogram latenciesNanos) {
      for (int i = 0; i < batch.count(); i += TIMED_CALL) {
        long start = System.nanoTime();
        put(i);
        latenciesNanos.recordValue(System.nanoTime() - start);
        for (int j = i + 1; j < i + TIMED_CALL; j++) {
          put(j);
        }
      }
      return batch.count();
    }

    private void put(int index) {
      table.put(
          batch.key(index),
          batch.rows().asSlice((long) index * pattern.rowBytes(), pattern.rowBytes()));
    }

    /** See {@link Puts#verify}. */
    @Override
    public void verify() {}
  }
}

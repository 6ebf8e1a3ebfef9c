package dev.emberkv.bench.workload;

import dev.emberkv.engine.Store;
import dev.emberkv.engine.Table;
import dev.emberkv.engine.TableSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.HdrHistogram.Histogram;

/** Fills the benchmarks' table, and checks one that an earlier run left. */
public final class RowLoader {
  /** The table of all benchmarks. */
  public static final String TABLE = "bench";

  private static final int CHECKED_ROWS = 1000;

  private RowLoader() {}

  /** Makes the table. */
  public static Table newTable(Store store, RowPattern pattern) {
    return store.createTable(TableSpec.of(TABLE, pattern.rowBytes() / Float.BYTES));
  }

  /**
   * Writes the rows of the keys 0..rows-1 into a new table, each thread a range of its own.
   *
   * @param batch rows in a call; with 1, single-key calls
   * @return what was measured; its wall-clock time ends when all rows are durable
   */
  public static Measurement load(
      Store store,
      Table table,
      long rows,
      RowPattern pattern,
      int threads,
      int batch,
      LongConsumer rowsDone)
      throws InterruptedException {
    long rowsEach = Math.ceilDiv(rows, threads);
    List<Work> works = new ArrayList<>();
    for (long first = 0; first < rows; first += rowsEach) {
      works.add(new RangePuts(table, pattern, batch, first, Math.min(rows, first + rowsEach)));
    }
    long start = System.nanoTime();
    Measurement measured = WorkThreads.runToEnd(works, rowsDone);
    store.flush();
    return new Measurement(measured.threads(), System.nanoTime() - start);
  }

  /**
   * Returns the table that an earlier run left, or nothing when the store has no tables.
   *
   * @throws IllegalStateException when what is there is not what {@link #load} would have written
   */
  public static Optional<Table> existing(Store store, long rows, RowPattern pattern) {
    Optional<Table> found = store.table(TABLE);
    if (found.isEmpty()) {
      if (!store.tables().isEmpty()) {
        throw new IllegalStateException(
            store.options().directory() + " holds other tables than a benchmark's");
      }
      return found;
    }
    Table table = found.get();
    if (table.size() != rows || table.spec().rowBytes() != pattern.rowBytes()) {
      throw new IllegalStateException(
          "%s holds %d rows of %d bytes, not %d of %d; give --rows and --row-bytes, or another --data"
              .formatted(
                  store.options().directory(),
                  table.size(),
                  table.spec().rowBytes(),
                  rows,
                  pattern.rowBytes()));
    }
    requireRows(table, rows, pattern);
    return found;
  }

  private static void requireRows(Table table, long rows, RowPattern pattern) {
    int count = (int) Math.min(rows, CHECKED_ROWS);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment keys = arena.allocate(ValueLayout.JAVA_LONG, count);
      MemorySegment content = arena.allocate((long) count * pattern.rowBytes());
      for (int i = 0; i < count; i++) {
        keys.setAtIndex(ValueLayout.JAVA_LONG, i, rows / count * i);
      }
      table.lookup(keys, content, MemorySegment.NULL);
      for (int i = 0; i < count; i++) {
        pattern.require(rows / count * i, content, (long) i * pattern.rowBytes());
      }
    }
  }

  /** Writes a range of keys once, in order; the last batch is a shorter one. */
  private static final class RangePuts implements Work {
    private final Table table;
    private final RowPattern pattern;
    private final long end;
    private final int batch;
    private final MemorySegment keys;
    private final MemorySegment rows;
    private long next;
    private int count;

    RangePuts(Table table, RowPattern pattern, int batch, long first, long end) {
      this.table = table;
      this.pattern = pattern;
      this.end = end;
      this.batch = batch;
      this.next = first;
      Arena arena = Arena.ofAuto();
      this.keys = arena.allocate(ValueLayout.JAVA_LONG, batch);
      this.rows = arena.allocate((long) batch * pattern.rowBytes());
    }

    @Override
    public void prepare() {
      count = (int) Math.min(batch, end - next);
      for (int i = 0; i < count; i++) {
        keys.setAtIndex(ValueLayout.JAVA_LONG, i, next + i);
        pattern.fill(next + i, rows, (long) i * pattern.rowBytes());
      }
      next += count;
    }

    @Override
    public long run(Histogram latenciesNanos) {
      if (count == 0) {
        return 0;
      }
      long start = System.nanoTime();
      if (batch == 1) {
        table.put(keys.getAtIndex(ValueLayout.JAVA_LONG, 0), rows);
      } else {
        table.put(
            keys.asSlice(0, (long) count * Long.BYTES),
            rows.asSlice(0, (long) count * pattern.rowBytes()));
      }
      latenciesNanos.recordValue(System.nanoTime() - start);
      return count;
    }

    /** Whoever reads the rows compares them. */
    @Override
    public void verify() {}
  }
}

package dev.emberkv.bench.jmh;

import dev.emberkv.bench.DataDirectory;
import dev.emberkv.bench.workload.Distribution;
import dev.emberkv.bench.workload.KeyStream;
import dev.emberkv.bench.workload.RowLoader;
import dev.emberkv.bench.workload.RowPattern;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreOptions;
import dev.emberkv.engine.Table;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Calls of a table whose rows are all in DRAM; times are for one row. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@NullUnmarked // JMH fills in the fields
public class TableCalls {
  private static final int BATCH = 8192;
  private static final RowPattern PATTERN = new RowPattern(256);

  /** Rows in the table. */
  @Param({"100000", "4000000"})
  public long rows;

  private final MemorySegment keys = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG, BATCH);
  private final MemorySegment content = Arena.ofAuto().allocate(BATCH * 256L, 64);
  private final MemorySegment row = content.asSlice(0, PATTERN.rowBytes());
  private DataDirectory directory;
  private Store store;
  private Table table;
  private KeyStream stream;

  /** Loads a store of its own. */
  @Setup
  public void load() throws InterruptedException {
    directory = DataDirectory.of(null);
    store = Store.open(StoreOptions.of(directory.path()).withMemoryBytes(2L << 30));
    table = RowLoader.newTable(store, PATTERN);
    RowLoader.load(store, table, rows, PATTERN, 1, BATCH, done -> {});
    stream = KeyStream.of(Distribution.UNIFORM, rows, 1);
  }

  /** Draws the keys of the next invocation, and the rows that belong to them. */
  @Setup(Level.Invocation)
  public void draw() {
    stream.fill(keys);
    PATTERN.fillAll(keys, content);
  }

  /** One batch. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public void batchLookup() {
    table.lookup(keys, content, MemorySegment.NULL);
  }

  /** Single-key reads, one after the other. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public int get() {
    int statuses = 0;
    for (int i = 0; i < BATCH; i++) {
      statuses += table.get(keys.getAtIndex(ValueLayout.JAVA_LONG, i), row);
    }
    return statuses;
  }

  /** One batch over rows that are there. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public void batchPut() {
    table.put(keys, content);
  }

  /** Single-key writes over rows that are there. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public void put() {
    for (int i = 0; i < BATCH; i++) {
      long offset = (long) i * PATTERN.rowBytes();
      table.put(
          keys.getAtIndex(ValueLayout.JAVA_LONG, i), content.asSlice(offset, PATTERN.rowBytes()));
    }
  }

  /** Deletes the store. */
  @TearDown
  public void close() {
    store.close();
    directory.close();
  }
}

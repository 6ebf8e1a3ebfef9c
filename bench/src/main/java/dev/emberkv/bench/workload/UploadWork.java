package dev.emberkv.bench.workload;

import dev.emberkv.cuda.BatchLayout;
import dev.emberkv.cuda.CopyProbe;
import dev.emberkv.cuda.DeviceBatch;
import dev.emberkv.cuda.PrefetchPipeline;
import dev.emberkv.cuda.Ticket;
import dev.emberkv.engine.Table;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** The works of the upload benchmark. */
public final class UploadWork {
  private static final int CACHE_LINE_BYTES = 64;

  private UploadWork() {}

  /** Returns a reader of batches into host memory, with nothing behind it. */
  public static Work lookups(Table table, DrawnBatches batches) {
    long bytes = (long) batches.size() * table.spec().rowBytes();
    MemorySegment rows = Arena.ofAuto().allocate(bytes, CACHE_LINE_BYTES);
    return new Call(batches.size(), () -> table.lookup(batches.next(), rows, MemorySegment.NULL));
  }

  /** Returns a copier of as many bytes as {@code rows} rows have, from pinned memory. */
  public static Work pinnedCopies(CopyProbe probe, int rows) {
    return new Call(rows, probe::copyPinned);
  }

  /** Returns the same from ordinary memory. */
  public static Work pageableCopies(CopyProbe probe, int rows) {
    return new Call(rows, probe::copyPageable);
  }

  private record Call(int rows, Runnable call) implements Work {
    @Override
    public void prepare() {}

    @Override
    public long run(Histogram latenciesNanos) {
      long start = System.nanoTime();
      call.run();
      latenciesNanos.recordValue(System.nanoTime() - start);
      return rows;
    }

    @Override
    public void verify() {}
  }

  /**
   * A consumer that keeps a pipeline full and does nothing with what it gets: each step takes the
   * oldest batch, waits until its rows are in device memory, and submits another.
   *
   * <p>Not thread-safe.
   */
  public static final class Uploads implements Work {
    private final PrefetchPipeline pipeline;
    private final DrawnBatches batches;
    private final int depth;
    private final ArrayDeque<Ticket> tickets = new ArrayDeque<>();

    /** Takes {@code depth} places of a pipeline. */
    public Uploads(PrefetchPipeline pipeline, DrawnBatches batches, int depth) {
      this.pipeline = pipeline;
      this.batches = batches;
      this.depth = depth;
    }

    @Override
    public void prepare() {}

    @Override
    public long run(Histogram latenciesNanos) {
      long start = System.nanoTime();
      while (tickets.size() < depth) {
        tickets.add(uninterrupted(() -> pipeline.submit(batches.next())));
      }
      try (DeviceBatch batch = uninterrupted(() -> pipeline.await(tickets.remove()))) {
        batch.synchronize();
      }
      latenciesNanos.recordValue(System.nanoTime() - start);
      return batches.size();
    }

    @Override
    public void verify() {}

    /** Takes what is under way, so that it does not run into the next measurement. */
    public void drain() {
      while (!tickets.isEmpty()) {
        uninterrupted(() -> pipeline.await(tickets.remove())).close();
      }
    }

    /**
     * Compares every row of some batches, as they are in device memory, with what belongs there.
     *
     * @return how many rows
     * @throws IllegalStateException when one is wrong
     */
    public long requireRows(int count, RowPattern pattern) {
      long compared = 0;
      for (int i = 0; i < count; i++) {
        MemorySegment keys = batches.next();
        try (DeviceBatch batch = uninterrupted(() -> pipeline.await(pipeline.submit(keys)));
            Arena arena = Arena.ofConfined()) {
          MemorySegment rows = arena.allocate((long) batch.rowCount() * batch.rowBytes());
          batch.synchronize();
          batch.copyTo(rows);
          compared += requireRows(DrawnBatches.keys(keys), rows, batch.layout(), pattern);
        }
      }
      return compared;
    }

    private static long requireRows(
        long[] keys, MemorySegment rows, BatchLayout layout, RowPattern pattern) {
      Map<Long, Integer> places = new HashMap<>();
      for (int i = 0; i < keys.length; i++) {
        int place = places.size();
        int row = layout == BatchLayout.UNIQUE ? places.computeIfAbsent(keys[i], _ -> place) : i;
        pattern.require(keys[i], rows, (long) row * pattern.rowBytes());
      }
      return keys.length;
    }
  }

  private interface Waiting<T> {
    T call() throws InterruptedException;
  }

  private static <T> T uninterrupted(Waiting<T> call) {
    try {
      return call.call();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}

package dev.emberkv.peers.work;

import dev.emberkv.bench.workload.KeyStream;
import dev.emberkv.bench.workload.RowPattern;
import dev.emberkv.bench.workload.Work;
import dev.emberkv.peers.store.RowBuffers;
import dev.emberkv.peers.store.RowStore;
import org.HdrHistogram.Histogram;

/** Reads and overwrites of a store's rows, with samples of what comes back compared. */
public final class StoreWork {
  /** Single-key calls in a step; as many keys are drawn ahead, outside of the measured part. */
  private static final int SINGLE_CALLS = 1024;

  /** One of so many single-key calls is timed: the clock takes a good part of a get's time. */
  private static final int TIMED_CALL = 16;

  /** Rows that are compared after each batch. */
  private static final int SAMPLES = 16;

  private StoreWork() {}

  /** Returns a reader of {@code batch} rows a call; with 1, by single-key calls. */
  public static Work lookups(RowStore store, KeyStream keys, RowPattern pattern, int batch) {
    return batch == 1
        ? new Gets(store, keys, pattern)
        : new Lookups(store, keys, pattern, new RowBuffers(batch, pattern.rowBytes()));
  }

  /** Returns a writer of {@code batch} rows a call, over rows that are there. */
  public static Work overwrites(RowStore store, KeyStream keys, RowPattern pattern, int batch) {
    return new Overwrites(store, keys, pattern, new RowBuffers(batch, pattern.rowBytes()));
  }

  /** Returns one that reads a batch, overwrites the next, and so on. */
  public static Work mixed(RowStore store, KeyStream keys, RowPattern pattern, int batch) {
    return new Turns(lookups(store, keys, pattern, batch), overwrites(store, keys, pattern, batch));
  }

  private static void draw(KeyStream keys, RowBuffers buffers) {
    keys.fill(buffers.keys());
  }

  private record Lookups(RowStore store, KeyStream keys, RowPattern pattern, RowBuffers buffers)
      implements Work {
    @Override
    public void prepare() {
      draw(keys, buffers);
    }

    @Override
    public long run(Histogram latenciesNanos) {
      long start = System.nanoTime();
      store.lookup(buffers, buffers.count());
      latenciesNanos.recordValue(System.nanoTime() - start);
      return buffers.count();
    }

    /** Rows that lie apart, at other places each time: keys are random. */
    @Override
    public void verify() {
      int step = Math.max(1, buffers.count() / SAMPLES);
      int first = (int) Math.floorMod(buffers.key(0), (long) step);
      for (int i = first; i < buffers.count(); i += step) {
        pattern.require(buffers.key(i), buffers.rows(), buffers.offset(i));
      }
    }
  }

  private static final class Gets implements Work {
    private final RowStore store;
    private final KeyStream keys;
    private final RowPattern pattern;
    private final RowBuffers buffers;
    private final long[] drawn = new long[SINGLE_CALLS];

    Gets(RowStore store, KeyStream keys, RowPattern pattern) {
      this.store = store;
      this.keys = keys;
      this.pattern = pattern;
      this.buffers = new RowBuffers(1, pattern.rowBytes());
    }

    @Override
    public void prepare() {
      for (int i = 0; i < drawn.length; i++) {
        drawn[i] = keys.next();
      }
    }

    @Override
    public long run(Histogram latenciesNanos) {
      for (int i = 0; i < drawn.length; i += TIMED_CALL) {
        long start = System.nanoTime();
        store.get(drawn[i], buffers);
        latenciesNanos.recordValue(System.nanoTime() - start);
        for (int j = i + 1; j < i + TIMED_CALL; j++) {
          store.get(drawn[j], buffers);
        }
      }
      return drawn.length;
    }

    @Override
    public void verify() {
      pattern.require(drawn[drawn.length - 1], buffers.rows(), 0);
    }
  }

  private record Overwrites(RowStore store, KeyStream keys, RowPattern pattern, RowBuffers buffers)
      implements Work {
    @Override
    public void prepare() {
      draw(keys, buffers);
      pattern.fillAll(buffers.keys(), buffers.rows());
    }

    @Override
    public long run(Histogram latenciesNanos) {
      long start = System.nanoTime();
      store.put(buffers, buffers.count());
      latenciesNanos.recordValue(System.nanoTime() - start);
      return buffers.count();
    }

    /** Whoever reads the rows compares them: rows are a function of their key. */
    @Override
    public void verify() {}
  }

  /** Two works that take turns. */
  private static final class Turns implements Work {
    private Work now;
    private Work next;

    Turns(Work first, Work second) {
      now = second;
      next = first;
    }

    @Override
    public void prepare() {
      Work other = now;
      now = next;
      next = other;
      now.prepare();
    }

    @Override
    public long run(Histogram latenciesNanos) {
      return now.run(latenciesNanos);
    }

    @Override
    public void verify() {
      now.verify();
    }
  }
}

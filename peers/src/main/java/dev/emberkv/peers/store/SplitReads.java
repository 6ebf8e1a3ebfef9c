package dev.emberkv.peers.store;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Splits the reads of a batch over threads, for stores whose reads wait for the device one by one:
 * so that theirs are as many in flight as those of a ring.
 *
 * <p>Not thread-safe: the store's caller owns it.
 */
final class SplitReads implements AutoCloseable {
  /** Below that, handing over takes longer than it brings. */
  private static final int LEAST_KEYS = 8;

  /** Reads some rows of a batch; called by several threads at once, each with rows of its own. */
  interface RangeReader {
    void read(RowBuffers buffers, int from, int to);
  }

  private final RangeReader reader;
  private final ExecutorService executor =
      Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("read-", 0).factory());
  private int threads = 1;

  SplitReads(RangeReader reader) {
    this.reader = reader;
  }

  void threads(int newThreads) {
    threads = newThreads;
  }

  int threads() {
    return threads;
  }

  void read(RowBuffers buffers, int count) {
    int parts = Math.clamp(count / LEAST_KEYS, 1, threads);
    List<Future<?>> others = new ArrayList<>(parts - 1);
    for (int part = 1; part < parts; part++) {
      int from = (int) ((long) count * part / parts);
      int to = (int) ((long) count * (part + 1) / parts);
      others.add(executor.submit(() -> reader.read(buffers, from, to)));
    }
    reader.read(buffers, 0, count / parts);
    for (Future<?> other : others) {
      await(other);
    }
  }

  private static void await(Future<?> part) {
    try {
      part.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a part of a batch was not read", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while a batch was read", e);
    }
  }

  @Override
  public void close() {
    executor.close();
  }
}

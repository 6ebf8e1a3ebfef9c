package dev.emberkv.bench.workload;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongConsumer;
import org.HdrHistogram.Histogram;

/** Runs works, each on a thread of its own, for a given time or to their end. */
public final class WorkThreads {
  private static final long LONGEST_CALL_NANOS = 3_600_000_000_000L;

  private WorkThreads() {}

  /**
   * Runs works for a time.
   *
   * @param works one for each thread
   * @param seconds when to stop
   * @param rowsDone told of each step's rows, on the thread that did them
   * @throws InterruptedException when this thread is interrupted
   */
  public static Measurement run(List<? extends Work> works, double seconds, LongConsumer rowsDone)
      throws InterruptedException {
    return run(works, (long) (seconds * 1e9), rowsDone);
  }

  /** Runs works until they are done, which a step of no rows says. */
  public static Measurement runToEnd(List<? extends Work> works, LongConsumer rowsDone)
      throws InterruptedException {
    return run(works, Long.MAX_VALUE, rowsDone);
  }

  private static Measurement run(
      List<? extends Work> works, long durationNanos, LongConsumer rowsDone)
      throws InterruptedException {
    long start = System.nanoTime();
    List<Callable<Measurement.Part>> calls = new ArrayList<>();
    for (Work work : works) {
      calls.add(() -> repeat(work, start, durationNanos, rowsDone));
    }
    return runAll(calls);
  }

  /** Runs each call on a thread of its own. */
  static Measurement runAll(List<Callable<Measurement.Part>> calls) throws InterruptedException {
    long start = System.nanoTime();
    try (ExecutorService threads = Executors.newFixedThreadPool(calls.size())) {
      List<Measurement.Part> parts = new ArrayList<>();
      for (Future<Measurement.Part> part : threads.invokeAll(calls)) {
        parts.add(resultOf(part));
      }
      return new Measurement(parts, System.nanoTime() - start);
    }
  }

  /** Returns a histogram for durations, in nanoseconds, that measurements can add up. */
  static Histogram newHistogram() {
    return new Histogram(LONGEST_CALL_NANOS, 3);
  }

  private static Measurement.Part repeat(
      Work work, long start, long durationNanos, LongConsumer rowsDone) {
    Histogram latencies = newHistogram();
    long rows = 0;
    long busyNanos = 0;
    while (System.nanoTime() - start < durationNanos) {
      work.prepare();
      long before = System.nanoTime();
      long moved = work.run(latencies);
      if (moved == 0) {
        break;
      }
      busyNanos += System.nanoTime() - before;
      work.verify();
      rows += moved;
      rowsDone.accept(moved);
    }
    return new Measurement.Part(rows, busyNanos, latencies);
  }

  private static Measurement.Part resultOf(Future<Measurement.Part> part)
      throws InterruptedException {
    try {
      return part.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException runtime -> throw runtime;
        case Error error -> throw error;
        case null, default -> throw new IllegalStateException(e.getCause());
      }
    }
  }
}

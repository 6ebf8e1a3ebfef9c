package dev.emberkv.bench;

import dev.emberkv.bench.workload.BenchResult;
import dev.emberkv.bench.workload.Work;
import dev.emberkv.engine.Store;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.HdrHistogram.Histogram;

/** How long lookups take while a checkpoint is taken, beside lookups of the moment before. */
final class CheckpointLookups {
  /** Rows in a call: few, since a checkpoint is short and the calls are what is counted. */
  static final int BATCH = 16;

  private static final int ROUNDS = 5;
  private static final long QUIET_NANOS = 500_000_000L;

  private final Store store;
  private final Work changes;
  private final Work lookups;
  private final Histogram quiet = new Histogram(3);
  private final Histogram during = new Histogram(3);

  /**
   * Prepares the works.
   *
   * @param changes one step of it overwrites what a checkpoint is to find changed
   * @param lookups one step of it is a call
   */
  CheckpointLookups(Store store, Work changes, Work lookups) {
    this.store = store;
    this.changes = changes;
    this.lookups = lookups;
  }

  void run(BenchResult result) throws Exception {
    lookUpFor(QUIET_NANOS, new Histogram(3));
    try (ExecutorService checkpointer = Executors.newSingleThreadExecutor()) {
      for (int round = 0; round < ROUNDS; round++) {
        changes.prepare();
        changes.run(new Histogram(3));
        store.flush();
        lookUpFor(QUIET_NANOS, quiet);
        changes.prepare();
        changes.run(new Histogram(3));
        Future<?> checkpoint = checkpointer.submit(store::checkpoint);
        while (!checkpoint.isDone()) {
          lookUp(during);
        }
        checkpoint.get();
      }
    }
    double quietP99 = quiet.getValueAtPercentile(99) / 1e3;
    double duringP99 = during.getValueAtPercentile(99) / 1e3;
    result
        .put("lookup_p99_us", quietP99)
        .put("checkpoint_lookup_p99_us", duringP99)
        .put("checkpoint_lookup_calls", during.getTotalCount())
        .put("checkpoint_lookup_p99_ratio", duringP99 / quietP99);
  }

  private void lookUpFor(long nanos, Histogram latenciesNanos) {
    long start = System.nanoTime();
    while (System.nanoTime() - start < nanos) {
      lookUp(latenciesNanos);
    }
  }

  private void lookUp(Histogram latenciesNanos) {
    lookups.prepare();
    lookups.run(latenciesNanos);
    lookups.verify();
  }
}

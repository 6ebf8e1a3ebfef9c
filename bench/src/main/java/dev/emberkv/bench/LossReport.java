package dev.emberkv.bench;

import dev.emberkv.bench.replay.BprTrainer;
import dev.emberkv.bench.workload.StoreActivity;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreStats;
import java.io.PrintWriter;
import java.util.Locale;

/**
 * Prints a line of loss and of what the store did for each stretch of a training.
 *
 * <p>Not thread-safe.
 */
final class LossReport {
  private static final int LINES = 10;

  private final PrintWriter out;
  private final Store store;
  private final int epochTriples;
  private final long totalTriples;
  private StoreStats statsBefore;
  private long startNanos = System.nanoTime();
  private long rowsBefore;
  private long allTriples;
  private long triples;
  private double lossSum;
  private double first = Double.NaN;
  private double last = Double.NaN;

  /**
   * Prints the heading.
   *
   * @param epochTriples triples in an epoch
   * @param totalTriples triples in the whole training
   */
  LossReport(PrintWriter out, Store store, int epochTriples, long totalTriples) {
    this.out = out;
    this.store = store;
    this.epochTriples = epochTriples;
    this.totalTriples = totalTriples;
    this.statsBefore = store.stats();
    out.printf(
        "%7s  %10s  %9s  %12s  %10s%n", "epoch", "loss", "hit ratio", "device reads", "rows/s");
    out.flush();
  }

  /**
   * Adds a step.
   *
   * @param rowsMoved rows that the trainer read and wrote so far
   */
  void add(BprTrainer.Step step, long rowsMoved) {
    long linesBefore = allTriples * LINES / totalTriples;
    triples += step.triples();
    allTriples += step.triples();
    lossSum += step.lossSum();
    if (!Double.isFinite(lossSum)) {
      throw new IllegalStateException("the loss is " + lossSum + ", so --lr is too high");
    }
    if (allTriples * LINES / totalTriples > linesBefore) {
      print(rowsMoved);
    }
  }

  private void print(long rowsMoved) {
    StoreStats stats = store.stats();
    StoreActivity activity = StoreActivity.between(statsBefore, stats);
    long now = System.nanoTime();
    last = lossSum / triples;
    if (Double.isNaN(first)) {
      first = last;
    }
    out.printf(
        Locale.ROOT,
        "%7.2f  %10.6f  %9.4f  %,12d  %,10.0f%n",
        (double) allTriples / epochTriples,
        last,
        activity.hitRatio(),
        activity.deviceReads(),
        (rowsMoved - rowsBefore) * 1e9 / (now - startNanos));
    out.flush();
    statsBefore = stats;
    startNanos = now;
    rowsBefore = rowsMoved;
    triples = 0;
    lossSum = 0;
  }

  /** Returns the mean loss of the first stretch. */
  double first() {
    return first;
  }

  /** Returns the mean loss of the last stretch. */
  double last() {
    return last;
  }
}

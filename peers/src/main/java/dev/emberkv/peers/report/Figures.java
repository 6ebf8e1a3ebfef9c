package dev.emberkv.peers.report;

import dev.emberkv.peers.run.Budget;
import dev.emberkv.peers.run.Limits;
import dev.emberkv.peers.run.Peer;
import dev.emberkv.peers.run.Plan;
import dev.emberkv.peers.run.Results;
import dev.emberkv.peers.run.Results.Cell;
import dev.emberkv.peers.run.Results.Series;
import dev.emberkv.peers.work.WorkSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What follows from the measurements: limits of lookups, and the ratios that are goals.
 *
 * @param plan what was run
 * @param results what it gave
 * @param idealHits the best hit ratio by cell, worked out once
 */
record Figures(Plan plan, Results results, Map<Cell, Double> idealHits) {
  Figures(Plan plan, Results results) {
    this(plan, results, new HashMap<>());
  }

  /** A goal: this store over another at one work, round by round. */
  record Goal(String title, Cell cell, Peer peer, double least, Spread ratio) {}

  /** Returns the goals that were measured. */
  List<Goal> goals() {
    List<Goal> goals = new ArrayList<>();
    add(goals, Budget.QUARTER, Plan.ZIPF_BATCHES, Peer.ROCKSDB, 10);
    add(goals, Budget.ALL, Plan.ZIPF_BATCHES, Peer.ROCKSDB, 10);
    add(goals, Budget.ALL, Plan.ZIPF_BATCHES, Peer.LMDB, 3);
    add(goals, Budget.ALL, Plan.ZIPF_GETS, Peer.HEAP, 0.8);
    return goals;
  }

  private void add(List<Goal> goals, Budget budget, WorkSpec work, Peer peer, double least) {
    Cell cell = new Cell(budget, work);
    over(cell, Peer.EMBERKV, peer)
        .ifPresent(ratio ->
            goals.add(
                new Goal(work.title() + ", DRAM " + budget.title(), cell, peer, least, ratio)));
  }

  /** Returns one store's rate over another's, round by round. */
  Optional<Spread> over(Cell cell, Peer a, Peer b) {
    Map<Peer, Series> series = results.cells().getOrDefault(cell, Map.of());
    Series first = series.get(a);
    Series second = series.get(b);
    return first == null || second == null
        ? Optional.empty()
        : Optional.of(Spread.ofRatios(first.rates(), second.rates()));
  }

  /**
   * Returns the rate that nothing can be above that keeps what the budget holds in DRAM and reads
   * the rest one by one: the bare gather of the same run, and for what is not in DRAM the device's
   * reads, waited for one after the other where rows are asked for singly.
   */
  Optional<Double> limit(Cell cell) {
    List<Double> gathers = results.gathers().get(cell);
    if (gathers == null) {
      return Optional.empty();
    }
    double gather = Spread.of(gathers).median();
    double misses = 1 - idealHit(cell);
    if (misses <= 0) {
      return Optional.of(gather);
    }
    Limits limits = Objects.requireNonNull(results.limits());
    if (cell.work().batch() == 1) {
      double single = Spread.of(limits.singleReads()).median();
      return Optional.of(1 / ((1 - misses) / gather + misses / single));
    }
    return Optional.of(Math.min(gather, Spread.of(limits.randomReads()).median() / misses));
  }

  /** Returns the hit ratio if the budget held nothing but the rows that are asked for most. */
  double idealHit(Cell cell) {
    return idealHits.computeIfAbsent(
        cell,
        any ->
            cell.work()
                .keys()
                .shareOfTop(plan.budgetBytes(cell.budget()) / plan.rowBytes(), plan.rows()));
  }
}

package dev.emberkv.peers.run;

import dev.emberkv.peers.work.WorkSpec;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * All that a run measured, in the order in which it came.
 *
 * <p>Not thread-safe.
 */
public final class Results {
  /**
   * One work under one budget.
   *
   * @param budget DRAM
   * @param work what was asked
   */
  public record Cell(Budget budget, WorkSpec work) {}

  /**
   * What a store did in a turn.
   *
   * @param rowsPerSecond rows over the time inside its calls
   * @param hitRatio share of rows that DRAM answered
   * @param readBytes read from the device
   * @param writeBytes written to it
   */
  public record Turn(double rowsPerSecond, double hitRatio, long readBytes, long writeBytes) {}

  /**
   * A store's turns at a work.
   *
   * @param turns one a round
   * @param latenciesNanos of all calls
   */
  public record Series(List<Turn> turns, Histogram latenciesNanos) {
    /** Returns the rates, one a round. */
    public List<Double> rates() {
      return turns.stream().map(Turn::rowsPerSecond).toList();
    }

    /** Returns the hit ratios, one a round. */
    public List<Double> hitRatios() {
      return turns.stream().map(Turn::hitRatio).toList();
    }
  }

  /**
   * How a store was loaded.
   *
   * @param rowsPerSecond until all rows were as durable as they get
   * @param settleSeconds what compacting took afterwards, where a store has that
   * @param writeAmplification bytes written over bytes of rows, without settling
   */
  public record Load(double rowsPerSecond, double settleSeconds, double writeAmplification) {}

  /**
   * How overwriting went.
   *
   * @param course rates over time
   * @param writeAmplification bytes written over bytes of rows
   * @param spaceAmplification disk space at the end over bytes of rows
   */
  public record Overwriting(Course course, double writeAmplification, double spaceAmplification) {}

  private final Map<Cell, Map<Peer, Series>> cells = new LinkedHashMap<>();
  private final Map<Cell, List<Double>> gathers = new LinkedHashMap<>();
  private final Map<Peer, Load> loads = new EnumMap<>(Peer.class);
  private final Map<Peer, Overwriting> overwriting = new EnumMap<>(Peer.class);
  private final Map<Peer, Double> recoveries = new EnumMap<>(Peer.class);
  private final Map<Budget, Map<Peer, Task.Description>> descriptions = new EnumMap<>(Budget.class);
  private final List<String> remarks = new ArrayList<>();
  private @Nullable Limits limits;

  void limits(Limits measured) {
    limits = measured;
  }

  void add(Cell cell, Peer peer, Task.Slice slice) {
    Series series =
        cells
            .computeIfAbsent(cell, any -> new EnumMap<>(Peer.class))
            .computeIfAbsent(
                peer, any -> new Series(new ArrayList<>(), new Histogram(slice.latenciesNanos())));
    series.turns.add(
        new Turn(
            slice.rowsPerSecond(),
            slice.hitRatio(),
            slice.activity().readBytes(),
            slice.activity().writeBytes()));
    series.latenciesNanos.add(slice.latenciesNanos());
  }

  void addGather(Cell cell, double rowsPerSecond) {
    gathers.computeIfAbsent(cell, any -> new ArrayList<>()).add(rowsPerSecond);
  }

  void load(Peer peer, Load load) {
    loads.put(peer, load);
  }

  void overwriting(Peer peer, Overwriting course) {
    overwriting.put(peer, course);
  }

  void recovery(Peer peer, double seconds) {
    recoveries.put(peer, seconds);
  }

  void describe(Budget budget, Peer peer, Task.Description description) {
    descriptions.computeIfAbsent(budget, any -> new EnumMap<>(Peer.class)).put(peer, description);
  }

  /** Notes in words what was not measured, or not as planned. */
  void remark(String text) {
    remarks.add(text);
  }

  /** Returns what was measured, by work and store. */
  public Map<Cell, Map<Peer, Series>> cells() {
    return cells;
  }

  /** Returns rates of a bare gather of the same rows, for works that are lookups. */
  public Map<Cell, List<Double>> gathers() {
    return gathers;
  }

  /** Returns how each store was loaded. */
  public Map<Peer, Load> loads() {
    return loads;
  }

  /** Returns how overwriting went in each store. */
  public Map<Peer, Overwriting> overwriting() {
    return overwriting;
  }

  /** Returns seconds from a start after a kill to the first row. */
  public Map<Peer, Double> recoveries() {
    return recoveries;
  }

  /** Returns what each store is and takes under each budget. */
  public Map<Budget, Map<Peer, Task.Description>> descriptions() {
    return descriptions;
  }

  /** Returns what was not measured, and why. */
  public List<String> remarks() {
    return remarks;
  }

  /** Returns the machine's limits, or null before they were measured. */
  public @Nullable Limits limits() {
    return limits;
  }
}

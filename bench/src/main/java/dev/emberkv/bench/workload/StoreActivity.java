package dev.emberkv.bench.workload;

import dev.emberkv.engine.StoreStats;

/**
 * What a store did between two readings of its counters.
 *
 * @param hits keys answered from DRAM
 * @param coldHits keys answered from the device
 * @param deviceReads read requests
 * @param deviceReadBytes bytes read
 * @param deviceWriteBytes bytes written
 * @param deviceSubmits system calls that handed requests to the device
 */
public record StoreActivity(
    long hits,
    long coldHits,
    long deviceReads,
    long deviceReadBytes,
    long deviceWriteBytes,
    long deviceSubmits) {
  /** Nothing done. */
  public static final StoreActivity NONE = new StoreActivity(0, 0, 0, 0, 0, 0);

  /** Returns what was done from one reading to a later one. */
  public static StoreActivity between(StoreStats before, StoreStats after) {
    return new StoreActivity(
        after.hits() - before.hits(),
        after.coldHits() - before.coldHits(),
        after.deviceReads() - before.deviceReads(),
        after.deviceReadBytes() - before.deviceReadBytes(),
        after.deviceWriteBytes() - before.deviceWriteBytes(),
        after.deviceSubmits() - before.deviceSubmits());
  }

  /** Returns this and another stretch together. */
  public StoreActivity plus(StoreActivity other) {
    return new StoreActivity(
        hits + other.hits,
        coldHits + other.coldHits,
        deviceReads + other.deviceReads,
        deviceReadBytes + other.deviceReadBytes,
        deviceWriteBytes + other.deviceWriteBytes,
        deviceSubmits + other.deviceSubmits);
  }

  /** Returns the share of found keys that were answered from DRAM, or 0 when none was found. */
  public double hitRatio() {
    return hits + coldHits == 0 ? 0 : (double) hits / (hits + coldHits);
  }
}

package dev.emberkv.engine;

/**
 * How many string keys of a database have a time to live, as far as the sweep for expired ones
 * knows: what it met in DRAM on its last way round, and its sample of those on the device.
 *
 * @param keys about so many
 * @param averageMillis how long they have left on average, 0 when there are none
 */
public record ExpiringKeys(long keys, long averageMillis) {
  static final ExpiringKeys NONE = new ExpiringKeys(0, 0);
}

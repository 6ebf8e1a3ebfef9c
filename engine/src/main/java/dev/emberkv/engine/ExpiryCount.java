package dev.emberkv.engine;

/** Of keys that were looked at, how many have a time to live, and how much of it is left. */
final class ExpiryCount {
  private long looked;
  private long expiring;
  private double leftMillis;

  void add(long moreLooked, long moreExpiring, double moreLeftMillis) {
    looked += moreLooked;
    expiring += moreExpiring;
    leftMillis += moreLeftMillis;
  }

  long looked() {
    return looked;
  }

  /** Returns what follows for a database whose keys on the device are like {@code cold}. */
  ExpiringKeys with(ExpiryCount cold, long keys) {
    long coldKeys = Math.max(0, keys - looked);
    double scale = cold.looked == 0 ? 0 : (double) coldKeys / cold.looked;
    double sum = expiring + scale * cold.expiring;
    double left = leftMillis + scale * cold.leftMillis;
    return sum == 0
        ? ExpiringKeys.NONE
        : new ExpiringKeys(Math.min(keys, Math.round(sum)), Math.round(left / sum));
  }
}

package dev.emberkv.peers.store;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Rows as byte arrays in a {@link ConcurrentHashMap}: DRAM alone, and nothing that lasts. */
final class HeapRows extends MapRows {
  HeapRows(StorePlace place) {
    super(new ConcurrentHashMap<>(Math.toIntExact(place.rows())));
  }

  @Override
  public void sync() {}

  @Override
  public Activity activity() {
    return new Activity(0, 0, 0);
  }

  @Override
  public long diskBytes() {
    return 0;
  }

  @Override
  public String version() {
    return "JDK " + Runtime.version();
  }

  @Override
  public Map<String, String> settings() {
    return Map.of(
        "heap",
        "2.5 times the budget, parallel collector, huge pages, sized for the rows ahead",
        "durability",
        "none");
  }

  @Override
  public void close() {
    map.clear();
  }
}

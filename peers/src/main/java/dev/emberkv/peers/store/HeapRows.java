package dev.emberkv.peers.store;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Rows as byte arrays in a {@link ConcurrentHashMap}: DRAM alone, and nothing that lasts. */
final class HeapRows implements RowStore {
  private final ConcurrentHashMap<Long, byte[]> map;

  HeapRows(StorePlace place) {
    map = new ConcurrentHashMap<>(Math.toIntExact(place.rows()));
  }

  @Override
  public void get(long key, RowBuffers buffers) {
    read(key, buffers, 0);
  }

  @Override
  public void lookup(RowBuffers buffers, int count) {
    for (int i = 0; i < count; i++) {
      read(buffers.key(i), buffers, buffers.offset(i));
    }
  }

  private void read(long key, RowBuffers buffers, long offset) {
    byte[] row = map.get(key);
    if (row == null) {
      throw new IllegalStateException("row " + key + " is missing");
    }
    MemorySegment.copy(row, 0, buffers.rows(), ValueLayout.JAVA_BYTE, offset, row.length);
  }

  @Override
  public void put(RowBuffers buffers, int count) {
    for (int i = 0; i < count; i++) {
      byte[] row = new byte[buffers.rowBytes()];
      MemorySegment.copy(
          buffers.rows(), ValueLayout.JAVA_BYTE, buffers.offset(i), row, 0, row.length);
      map.put(buffers.key(i), row);
    }
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

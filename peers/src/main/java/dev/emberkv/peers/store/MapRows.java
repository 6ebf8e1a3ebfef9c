package dev.emberkv.peers.store;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.ConcurrentMap;

/** Rows as byte arrays in a map. */
abstract class MapRows implements RowStore {
  final ConcurrentMap<Long, byte[]> map;

  MapRows(ConcurrentMap<Long, byte[]> map) {
    this.map = map;
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
}

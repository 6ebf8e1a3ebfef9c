package dev.emberkv.peers.store;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import org.mapdb.DB;
import org.mapdb.DBMaker;
import org.mapdb.HTreeMap;
import org.mapdb.Serializer;

/** MapDB's hash map in a mapped file. */
final class MapDbRows implements RowStore {
  private final StorePlace place;
  private final DB db;
  private final HTreeMap<Long, byte[]> map;
  private final EverySecond syncs;

  MapDbRows(StorePlace place) {
    this.place = place;
    db =
        DBMaker.fileDB(place.file("rows.mapdb").toFile())
            .fileMmapEnable()
            .fileMmapPreclearDisable()
            .allocateStartSize(place.rows() * place.rowBytes())
            .allocateIncrement(64L << 20)
            .closeOnJvmShutdown()
            .make();
    map = db.hashMap("rows", Serializer.LONG, Serializer.BYTE_ARRAY).createOrOpen();
    syncs = new EverySecond(this::sync);
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
    syncs.requireHealthy();
    for (int i = 0; i < count; i++) {
      byte[] row = new byte[buffers.rowBytes()];
      MemorySegment.copy(
          buffers.rows(), ValueLayout.JAVA_BYTE, buffers.offset(i), row, 0, row.length);
      map.put(buffers.key(i), row);
    }
  }

  @Override
  public void sync() {
    db.commit();
  }

  @Override
  public Activity activity() {
    return ProcessIo.self().asMapped();
  }

  @Override
  public long diskBytes() {
    return place.diskBytes();
  }

  @Override
  public String version() {
    return "3.1.0";
  }

  @Override
  public Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("budget", "the page cache, bounded by a memory group where the system allows one");
    settings.put("file", "mapped, not cleared ahead, no transactions (a crash may break it)");
    settings.put("durability", "commit once a second");
    return settings;
  }

  @Override
  public void close() {
    syncs.close();
    db.close();
  }
}

package dev.emberkv.peers.store;

import java.util.LinkedHashMap;
import java.util.Map;
import org.mapdb.DB;
import org.mapdb.DBMaker;
import org.mapdb.Serializer;

/** MapDB's hash map in a mapped file. */
final class MapDbRows extends MapRows {
  private final StorePlace place;
  private final DB db;
  private final EverySecond syncs;

  MapDbRows(StorePlace place) {
    DB opened =
        DBMaker.fileDB(place.file("rows.mapdb").toFile())
            .fileMmapEnable()
            .fileMmapPreclearDisable()
            .allocateStartSize(place.rows() * place.rowBytes())
            .allocateIncrement(64L << 20)
            .closeOnJvmShutdown()
            .make();
    super(opened.hashMap("rows", Serializer.LONG, Serializer.BYTE_ARRAY).createOrOpen());
    this.place = place;
    db = opened;
    syncs = new EverySecond(this::sync);
  }

  @Override
  public void put(RowBuffers buffers, int count) {
    syncs.requireHealthy();
    super.put(buffers, count);
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

package dev.emberkv.peers.store;

/** Opens the stores that take part. */
public final class Stores {
  private Stores() {}

  /** Opens this store. */
  public static RowStore ember(StorePlace place) {
    return new EmberRows(place);
  }

  /** Opens RocksDB with a block cache. */
  public static RowStore rocks(StorePlace place) {
    return new RocksRows(place, false);
  }

  /** Opens RocksDB with a row cache and a small block cache. */
  public static RowStore rocksWithRowCache(StorePlace place) {
    return new RocksRows(place, true);
  }

  /** Opens LMDB. */
  public static RowStore lmdb(StorePlace place) {
    return new LmdbRows(place);
  }

  /** Opens MapDB. */
  public static RowStore mapDb(StorePlace place) {
    return new MapDbRows(place);
  }

  /** Makes a map on the Java heap. */
  public static RowStore heap(StorePlace place) {
    return new HeapRows(place);
  }

  /** Starts this store's server. */
  public static RowStore emberServer(StorePlace place) {
    return new EmberServerRows(place);
  }

  /** Starts Redis. */
  public static RowStore redis(StorePlace place) {
    return new RedisRows(place);
  }

  /** Starts memcached with extstore. */
  public static RowStore memcached(StorePlace place) {
    return new MemcachedRows(place);
  }
}

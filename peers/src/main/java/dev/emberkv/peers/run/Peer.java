package dev.emberkv.peers.run;

import dev.emberkv.peers.store.RowStore;
import dev.emberkv.peers.store.StorePlace;
import dev.emberkv.peers.store.Stores;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** A store that takes part. */
public enum Peer {
  /** This store, embedded. */
  EMBERKV("EmberKV", true),
  /** RocksDB with all of its budget for blocks. */
  ROCKSDB("RocksDB", true),
  /** RocksDB with most of its budget for single rows. */
  ROCKSDB_ROWS("RocksDB, row cache", true),
  /** LMDB. */
  LMDB("LMDB", true),
  /** MapDB. */
  MAPDB("MapDB", true),
  /** A map on the Java heap. */
  HEAP("heap map", false),
  /** This store's server, over a connection. */
  EMBERKV_SERVER("EmberKV server", false),
  /** Redis, over a connection. */
  REDIS("Redis", false),
  /** memcached, over a connection. */
  MEMCACHED("memcached", false);

  private final String title;
  private final boolean lasting;

  Peer(String title, boolean lasting) {
    this.title = title;
    this.lasting = lasting;
  }

  /** Returns the name for people. */
  public String title() {
    return title;
  }

  /** Returns the name for files and options. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Returns whether rows are on the device, so that budgets below all rows are possible. */
  public boolean lasts() {
    return lasting;
  }

  /** Returns whether its cache is the page cache, which only a memory group bounds. */
  boolean cachesInPages() {
    return this == LMDB || this == MAPDB;
  }

  /** Returns why it can't take part here, if so. */
  public Optional<String> absence() {
    return switch (this) {
      case REDIS -> absentProgram("redis-server");
      case MEMCACHED -> absentProgram("memcached");
      default -> Optional.empty();
    };
  }

  private static Optional<String> absentProgram(String name) {
    for (String folder : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
      if (Files.isExecutable(Path.of(folder, name))) {
        return Optional.empty();
      }
    }
    return Optional.of(name + " is not installed");
  }

  /** Opens it, in a worker process. */
  RowStore open(StorePlace place) {
    return switch (this) {
      case EMBERKV -> Stores.ember(place);
      case ROCKSDB -> Stores.rocks(place);
      case ROCKSDB_ROWS -> Stores.rocksWithRowCache(place);
      case LMDB -> Stores.lmdb(place);
      case MAPDB -> Stores.mapDb(place);
      case HEAP -> Stores.heap(place);
      case EMBERKV_SERVER -> Stores.emberServer(place);
      case REDIS -> Stores.redis(place);
      case MEMCACHED -> Stores.memcached(place);
    };
  }

  /** Returns the options of the JVM that it runs in. */
  List<String> jvmOptions(StorePlace place) {
    if (this == HEAP) {
      long heapMegabytes = place.memoryBytes() * 5 / 2 / (1 << 20) + 256;
      return List.of(
          "-Xms" + heapMegabytes + "m",
          "-Xmx" + heapMegabytes + "m",
          "-XX:+UseTransparentHugePages");
    }
    if (cachesInPages()) { // all of the heap is touched before the process's memory is bounded
      return List.of("-Xms256m", "-Xmx256m", "-Xmn32m", "-XX:+AlwaysPreTouch");
    }
    return List.of("-Xms96m", "-Xmn64m", "-Xmx1g", "-XX:-UseAdaptiveSizePolicy");
  }
}

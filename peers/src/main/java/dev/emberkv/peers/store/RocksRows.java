package dev.emberkv.peers.store;

import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.ByteBufferGetStatus;
import org.rocksdb.Cache;
import org.rocksdb.CompressionType;
import org.rocksdb.DataBlockIndexType;
import org.rocksdb.HyperClockCache;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.Status;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * RocksDB, set up for point lookups as its tuning guide says: bloom filters, hashed data blocks,
 * the lock-free cache, direct I/O, no compression of rows that do not compress, and a last level
 * that was compacted after loading.
 */
final class RocksRows implements RowStore {
  private static final int BLOCK_BYTES = 4096;
  private static final int BLOOM_BITS = 10;
  private static final long MEMTABLE_BYTES = 64L << 20;

  /** What a row takes in the row cache beside its bytes: entry, key, value header. */
  private static final int ROW_CACHE_PERCENT = 85;

  private final StorePlace place;
  private final boolean cachesRows;
  private final Cache blockCache;
  private final BloomFilter filter = new BloomFilter(BLOOM_BITS, false);
  private final Options options = new Options();
  private final ReadOptions reads = new ReadOptions().setAsyncIo(true);
  private final WriteOptions writes = new WriteOptions();
  private final RocksDB db;
  private final SplitReads split = new SplitReads(this::read);
  private final EverySecond syncs;

  static {
    RocksDB.loadLibrary();
  }

  /**
   * Opens.
   *
   * @param cachesRows whether most of the budget goes to the cache of single rows
   */
  RocksRows(StorePlace place, boolean cachesRows) {
    this.place = place;
    this.cachesRows = cachesRows;
    long rowCacheBytes = cachesRows ? place.memoryBytes() * ROW_CACHE_PERCENT / 100 : 0;
    blockCache = new HyperClockCache(place.memoryBytes() - rowCacheBytes, 0, -1, false);
    options
        .setCreateIfMissing(true)
        .setCompressionType(CompressionType.NO_COMPRESSION)
        .setUseDirectReads(true)
        .setUseDirectIoForFlushAndCompaction(true)
        .setWriteBufferSize(MEMTABLE_BYTES)
        .setMaxWriteBufferNumber(4)
        .setMinWriteBufferNumberToMerge(1)
        .setIncreaseParallelism(Runtime.getRuntime().availableProcessors())
        .setLevelCompactionDynamicLevelBytes(true)
        .setMemtablePrefixBloomSizeRatio(0.05)
        .setMemtableWholeKeyFiltering(true)
        .setManualWalFlush(true)
        .setMaxOpenFiles(-1)
        .setStatsDumpPeriodSec(0)
        .setTableFormatConfig(
            new BlockBasedTableConfig()
                .setBlockCache(blockCache)
                .setBlockSize(BLOCK_BYTES)
                .setFilterPolicy(filter)
                .setOptimizeFiltersForMemory(true)
                .setCacheIndexAndFilterBlocks(true)
                .setCacheIndexAndFilterBlocksWithHighPriority(true)
                .setPinL0FilterAndIndexBlocksInCache(true)
                .setDataBlockIndexType(DataBlockIndexType.kDataBlockBinaryAndHash)
                .setDataBlockHashTableUtilRatio(0.75)
                .setFormatVersion(6));
    if (cachesRows) {
      options.setRowCache(new LRUCache(rowCacheBytes));
    }
    try {
      db = RocksDB.open(options, place.path().toString());
    } catch (RocksDBException e) {
      throw failure(e);
    }
    syncs = new EverySecond(this::syncLog);
  }

  @Override
  public void get(long key, RowBuffers buffers) {
    buffers.key(0, key);
    try {
      if (db.get(reads, buffers.keyView(0), buffers.rowView(0)) != buffers.rowBytes()) {
        throw new IllegalStateException("row " + key + " is missing");
      }
    } catch (RocksDBException e) {
      throw failure(e);
    }
  }

  @Override
  public void lookup(RowBuffers buffers, int count) {
    split.read(buffers, count);
  }

  private void read(RowBuffers buffers, int from, int to) {
    List<ByteBuffer> values = buffers.rowViews(from, to);
    try {
      List<ByteBufferGetStatus> found =
          db.multiGetByteBuffers(reads, buffers.keyViews(from, to), values);
      for (int i = 0; i < found.size(); i++) {
        ByteBufferGetStatus row = found.get(i);
        if (row.status.getCode() != Status.Code.Ok || row.requiredSize != buffers.rowBytes()) {
          throw new IllegalStateException("row " + buffers.key(from + i) + " is missing");
        }
      }
    } catch (RocksDBException e) {
      throw failure(e);
    }
  }

  @Override
  public void put(RowBuffers buffers, int count) {
    syncs.requireHealthy();
    try (WriteBatch batch = new WriteBatch()) {
      for (int i = 0; i < count; i++) {
        batch.put(buffers.keyView(i), buffers.rowView(i));
      }
      db.write(writes, batch);
    } catch (RocksDBException e) {
      throw failure(e);
    }
  }

  private void syncLog() {
    try {
      db.flushWal(true);
    } catch (RocksDBException e) {
      throw failure(e);
    }
  }

  @Override
  public void sync() {
    syncLog();
  }

  @Override
  public void settle() {
    try {
      db.compactRange();
    } catch (RocksDBException e) {
      throw failure(e);
    }
  }

  @Override
  public boolean isCleaning() {
    try {
      return db.getLongProperty("rocksdb.num-running-compactions") > 0;
    } catch (RocksDBException e) {
      throw failure(e);
    }
  }

  @Override
  public Activity activity() {
    return ProcessIo.self().asReader();
  }

  @Override
  public long diskBytes() {
    return place.diskBytes();
  }

  @Override
  public boolean splitsReads() {
    return true;
  }

  @Override
  public void readThreads(int threads) {
    split.threads(threads);
  }

  @Override
  public String version() {
    var version = RocksDB.rocksdbVersion();
    return version.getMajor() + "." + version.getMinor() + "." + version.getPatch();
  }

  @Override
  public Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put(
        "budget",
        cachesRows
            ? "85 % row cache, 15 % block cache with index and filters; memtables come on top"
            : "HyperClockCache with index and filter blocks inside; memtables come on top");
    settings.put("reads", "direct, blocks of 4 KiB, checksums verified, async_io asked for");
    settings.put("filter", "bloom, 10 bits a key; hashed data blocks; format 6");
    settings.put("calls", "get and multiGet on direct byte buffers; WriteBatch");
    settings.put("threads of a batch", Integer.toString(split.threads()));
    settings.put("durability", "log on, flushed and synced once a second");
    settings.put("writes", "4 memtables of 64 MiB, direct flush and compaction, no compression");
    settings.put("after loading", "compactRange over everything");
    return settings;
  }

  private static IllegalStateException failure(RocksDBException e) {
    return new IllegalStateException("RocksDB: " + e.getMessage(), e);
  }

  @Override
  public void close() {
    syncs.close();
    split.close();
    db.close();
    writes.close();
    reads.close();
    options.close();
    filter.close();
    blockCache.close();
  }
}

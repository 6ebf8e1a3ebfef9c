package dev.emberkv.peers.store;

import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.lmdbjava.ByteBufferProxy;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.Meta;
import org.lmdbjava.Txn;

/**
 * LMDB with integer keys, its mapping as large as it gets and read transactions that are renewed:
 * one for each reading thread, as its documentation advises.
 */
final class LmdbRows implements RowStore {
  /** B+tree pages are two thirds full after inserts in random order. */
  private static final long MAP_BYTES_PER_ROW_BYTE = 6;

  private final StorePlace place;
  private final Env<ByteBuffer> env;
  private final Dbi<ByteBuffer> rows;
  private final List<Txn<ByteBuffer>> transactions = new CopyOnWriteArrayList<>();
  private final ThreadLocal<Txn<ByteBuffer>> transaction = ThreadLocal.withInitial(this::newReader);
  private final SplitReads split = new SplitReads(this::read);
  private final EverySecond syncs;

  LmdbRows(StorePlace place) {
    this.place = place;
    env =
        Env.create(ByteBufferProxy.PROXY_OPTIMAL)
            .setMapSize(place.rows() * place.rowBytes() * MAP_BYTES_PER_ROW_BYTE + (1L << 30))
            .setMaxReaders(126)
            .setMaxDbs(1)
            .open(
                place.path().toFile(),
                EnvFlags.MDB_NOSYNC,
                EnvFlags.MDB_NOTLS,
                EnvFlags.MDB_NORDAHEAD,
                EnvFlags.MDB_NOMEMINIT);
    rows = env.openDbi("rows", DbiFlags.MDB_CREATE, DbiFlags.MDB_INTEGERKEY);
    syncs = new EverySecond(this::sync);
  }

  private Txn<ByteBuffer> newReader() {
    Txn<ByteBuffer> reader = env.txnRead();
    reader.reset();
    transactions.add(reader);
    return reader;
  }

  @Override
  public void get(long key, RowBuffers buffers) {
    buffers.key(0, key);
    read(buffers, 0, 1);
  }

  @Override
  public void lookup(RowBuffers buffers, int count) {
    split.read(buffers, count);
  }

  private void read(RowBuffers buffers, int from, int to) {
    Txn<ByteBuffer> reader = transaction.get();
    reader.renew();
    try {
      for (int i = from; i < to; i++) {
        ByteBuffer row = rows.get(reader, buffers.keyView(i));
        if (row == null || row.remaining() != buffers.rowBytes()) {
          throw new IllegalStateException("row " + buffers.key(i) + " is missing");
        }
        buffers.rowView(i).put(row);
      }
    } finally {
      reader.reset();
    }
  }

  @Override
  public void put(RowBuffers buffers, int count) {
    syncs.requireHealthy();
    try (Txn<ByteBuffer> write = env.txnWrite()) {
      for (int i = 0; i < count; i++) {
        rows.put(write, buffers.keyView(i), buffers.rowView(i));
      }
      write.commit();
    }
  }

  @Override
  public void sync() {
    env.sync(true);
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
  public boolean splitsReads() {
    return true;
  }

  @Override
  public void readThreads(int threads) {
    split.threads(threads);
  }

  @Override
  public String version() {
    Meta.Version version = Meta.version();
    return version.major + "." + version.minor + "." + version.patch;
  }

  @Override
  public Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("budget", "the page cache, bounded by a memory group where the system allows one");
    settings.put("flags", "MDB_INTEGERKEY, MDB_NOSYNC, MDB_NOTLS, MDB_NORDAHEAD, MDB_NOMEMINIT");
    settings.put(
        "calls", "lmdbjava's fast buffers; one renewed read transaction a batch and thread");
    settings.put("threads of a batch", Integer.toString(split.threads()));
    settings.put("durability", "synced once a second; a crash of the system may break the file");
    return settings;
  }

  @Override
  public void close() {
    syncs.close();
    split.close();
    transactions.forEach(Txn::close);
    env.sync(true);
    env.close();
  }
}

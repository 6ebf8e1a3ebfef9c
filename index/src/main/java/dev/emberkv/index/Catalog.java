package dev.emberkv.index;

import dev.emberkv.uring.IoFailure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.ByteArrayProxy;
import org.lmdbjava.CursorIterable;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.KeyRange;
import org.lmdbjava.LmdbException;
import org.lmdbjava.LmdbNativeException;
import org.lmdbjava.Txn;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a store must know before it can read its log, in LMDB: format version, identity, hash seed,
 * and the table definitions.
 *
 * <p>Every change is one LMDB transaction, durable when the method returns. The catalog holds an
 * exclusive lock on {@code catalog.lock}: one store per directory.
 *
 * <p>Four LMDB databases: {@code meta} and {@code blobs} from names to values, {@code tables} from
 * table id (4 bytes, big-endian, so that they sort) to definition, {@code digests} from segment and
 * part (4 bytes each, big-endian) to a part of a digest. All values are {@linkplain CatalogRecord
 * checksummed}. Keys and values go through LMDB as byte arrays: the buffer proxies of lmdbjava
 * reach into {@code java.nio}, which a user would have to open on the command line, and nothing
 * here is hot.
 *
 * <p>Thread-safe: methods exclude each other.
 */
public final class Catalog implements AutoCloseable {
  /** The format that this release reads and writes. */
  static final int FORMAT = 1;

  /** Address space, not disk: LMDB maps the file once, and what comes later may need much. */
  private static final long MAP_BYTES = 64L << 30;

  private static final int MAX_DATABASES = 16;
  private static final int MAX_NAME_BYTES = 511;

  private static final Logger LOG = LoggerFactory.getLogger(Catalog.class);
  private static final String FILE_NAME = "catalog.mdb";

  private static final byte[] FORMAT_KEY = name("format");
  private static final byte[] STORE_ID_KEY = name("store-id");
  private static final byte[] HASH_SEED_KEY = name("hash-seed");

  private final Path directory;
  private final FileChannel lock;
  private final Env<byte[]> env;
  private final Dbi<byte[]> meta;
  private final Dbi<byte[]> tables;
  private final Dbi<byte[]> blobs;
  private final Dbi<byte[]> digests;
  private long storeId;
  private final long hashSeed;
  private final boolean made;
  private boolean closed;

  private Catalog(Path directory, FileChannel lock, Env<byte[]> env) {
    this.directory = directory;
    this.lock = lock;
    this.env = env;
    meta = env.openDbi("meta", DbiFlags.MDB_CREATE);
    tables = env.openDbi("tables", DbiFlags.MDB_CREATE);
    blobs = env.openDbi("blobs", DbiFlags.MDB_CREATE);
    digests = env.openDbi("digests", DbiFlags.MDB_CREATE);
    try (Txn<byte[]> txn = env.txnWrite()) {
      made = meta.stat(txn).entries == 0;
      if (made) {
        initialize(txn);
      }
      checkFormat(txn);
      storeId = number(txn, STORE_ID_KEY).getLong();
      hashSeed = number(txn, HASH_SEED_KEY).getLong();
      txn.commit();
    }
  }

  /**
   * Opens the catalog of a directory, both made if they do not exist.
   *
   * @throws CatalogException when its format is unknown, it is damaged or open elsewhere
   * @throws IoFailure when the system refuses an operation
   */
  public static Catalog open(Path directory) {
    FileChannel lock = lock(directory);
    Env<byte[]> env = null;
    try {
      env =
          Env.create(ByteArrayProxy.PROXY_BA)
              .setMapSize(MAP_BYTES)
              .setMaxDbs(MAX_DATABASES)
              .open(
                  directory.resolve(FILE_NAME).toFile(), EnvFlags.MDB_NOSUBDIR, EnvFlags.MDB_NOTLS);
      Catalog catalog = new Catalog(directory, lock, env);
      syncDirectory(directory);
      return catalog;
    } catch (RuntimeException e) {
      RuntimeException failure = e instanceof LmdbException l ? translated(directory, l) : e;
      if (env != null) {
        env.close();
      }
      closeLock(lock, failure);
      throw failure;
    }
  }

  private static FileChannel lock(Path directory) {
    FileChannel channel = null;
    try {
      Files.createDirectories(directory);
      channel =
          FileChannel.open(
              directory.resolve("catalog.lock"),
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE);
      if (channel.tryLock() != null) {
        return channel;
      }
    } catch (OverlappingFileLockException e) {
      // Held by this process: the same answer as below.
    } catch (IOException e) {
      throw new IoFailure("open the catalog in " + directory, e);
    }
    CatalogException failure =
        new CatalogException(
            "the store in "
                + directory
                + " is open already, in this process or another; close it there first");
    closeLock(channel, failure);
    throw failure;
  }

  private static void closeLock(@Nullable FileChannel channel, RuntimeException because) {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      because.addSuppressed(e);
    }
  }

  /** Makes the names of new files durable; LMDB syncs only what is in them. */
  private static void syncDirectory(Path directory) {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      throw new IoFailure("fsync of " + directory, e);
    }
  }

  private void initialize(Txn<byte[]> txn) {
    if (tables.stat(txn).entries != 0 || blobs.stat(txn).entries != 0) {
      throw damaged("it has tables but no format version");
    }
    SecureRandom random = new SecureRandom();
    putRecord(txn, meta, FORMAT_KEY, intBytes(FORMAT));
    putRecord(txn, meta, STORE_ID_KEY, longBytes(random.nextLong()));
    putRecord(txn, meta, HASH_SEED_KEY, longBytes(random.nextLong()));
  }

  private void checkFormat(Txn<byte[]> txn) {
    int format = number(txn, FORMAT_KEY).getInt();
    if (format != FORMAT) {
      throw new CatalogException(
          "the store in %s has format %d and this release reads format %d: use the release that wrote it, or give another directory"
              .formatted(directory, format, FORMAT));
    }
  }

  /** Returns the random number that tells this store from others. */
  public long storeId() {
    return storeId;
  }

  /** Returns whether opening the catalog made it: what it says of itself is news. */
  public boolean made() {
    return made;
  }

  /** Takes the identity that the store's log has, of which this is a new catalog. */
  public synchronized void adopt(long newStoreId) {
    write(txn -> {
      putRecord(txn, meta, STORE_ID_KEY, longBytes(newStoreId));
      return true;
    });
    storeId = newStoreId;
  }

  /**
   * Opens the catalog of a directory as {@link #open} does, but makes a new one in the place of one
   * that is damaged, which is kept under another name.
   */
  public static Catalog openOrReplace(Path directory) {
    try {
      return open(directory);
    } catch (DamagedCatalogException e) {
      Path damaged = directory.resolve(FILE_NAME + ".damaged");
      LOG.warn(
          "{}; it is made anew from the log, and the old file kept as {}", e.getMessage(), damaged);
      try {
        Files.move(directory.resolve(FILE_NAME), damaged, StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException failure) {
        throw new IoFailure("rename the catalog in " + directory, failure);
      }
      return open(directory);
    }
  }

  /** Returns the secret seed of this store's key hashes, chosen when it was made. */
  public long hashSeed() {
    return hashSeed;
  }

  /**
   * Stores a table's definition, in place of an earlier one.
   *
   * @param id at least 1
   */
  public synchronized void putTable(int id, byte[] definition) {
    if (id < 1) {
      throw new IllegalArgumentException("table id must be at least 1, not " + id);
    }
    write(txn -> {
      putRecord(txn, tables, intBytes(id), definition);
      return true;
    });
  }

  /** Removes a table's definition and returns whether there was one. */
  public synchronized boolean removeTable(int id) {
    return write(txn -> tables.delete(txn, intBytes(id)));
  }

  /** Returns a copy of all table definitions by id. */
  public synchronized SortedMap<Integer, byte[]> tables() {
    return read(txn -> {
      SortedMap<Integer, byte[]> result = new TreeMap<>();
      try (CursorIterable<byte[]> cursor = tables.iterate(txn)) {
        for (CursorIterable.KeyVal<byte[]> pair : cursor) {
          byte[] definition = decode(pair.key(), pair.val());
          result.put(ByteBuffer.wrap(pair.key()).getInt(), definition);
        }
      }
      return result;
    });
  }

  /** Returns a named blob, or null when there is none. */
  public synchronized byte @Nullable [] get(String name) {
    byte[] key = checkedName(name);
    byte[][] found = read(txn -> new byte[][] {getRecord(txn, blobs, key)});
    return found[0];
  }

  /** Stores a named blob, in place of an earlier one. */
  public void put(String name, byte[] blob) {
    put(Map.of(name, blob));
  }

  /**
   * Stores several named blobs in one transaction.
   *
   * @param blobsByName names of 1 to 511 bytes in UTF-8
   */
  public synchronized void put(Map<String, byte[]> blobsByName) {
    write(txn -> {
      blobsByName.forEach((name, blob) -> putRecord(txn, blobs, checkedName(name), blob));
      return true;
    });
  }

  /**
   * Stores a digest of a segment of the log, in place of an earlier one.
   *
   * @param head tells what it is a digest of
   */
  public synchronized void putDigest(int segment, byte[] head, byte[][] pieces) {
    write(txn -> {
      removeDigest(txn, segment);
      putRecord(txn, digests, partKey(segment, 0), head);
      for (int i = 0; i < pieces.length; i++) {
        putRecord(txn, digests, partKey(segment, i + 1), pieces[i]);
      }
      return true;
    });
  }

  private void removeDigest(Txn<byte[]> txn, int segment) {
    for (int part = 0; digests.delete(txn, partKey(segment, part)); part++) {
      // until there is no further part
    }
  }

  /** Removes the digests of some segments. */
  public synchronized void removeDigests(Collection<Integer> segments) {
    if (!segments.isEmpty()) {
      write(txn -> {
        segments.forEach(segment -> removeDigest(txn, segment));
        return true;
      });
    }
  }

  /** Returns the heads of all digests by segment, but for damaged ones. */
  public synchronized Map<Integer, byte[]> digestHeads() {
    return read(txn -> {
      Map<Integer, byte[]> heads = new HashMap<>();
      for (int next = 0; next >= 0; ) {
        KeyRange<byte[]> range = KeyRange.atLeast(partKey(next, 0));
        next = -1;
        try (CursorIterable<byte[]> cursor = digests.iterate(txn, range)) {
          Iterator<CursorIterable.KeyVal<byte[]>> pairs = cursor.iterator();
          if (pairs.hasNext()) {
            CursorIterable.KeyVal<byte[]> pair = pairs.next();
            ByteBuffer key = ByteBuffer.wrap(pair.key());
            int segment = key.getInt();
            byte[] head = key.getInt() == 0 ? CatalogRecord.decode(pair.key(), pair.val()) : null;
            if (head == null) {
              LOG.warn("A digest of segment {} is damaged: the segment will be read", segment);
            } else {
              heads.put(segment, head);
            }
            next = segment + 1;
          }
        }
      }
      return heads;
    });
  }

  /** Returns the pieces of a segment's digest, or null when it is not there or damaged. */
  public synchronized byte @Nullable [][] digest(int segment) {
    return read(txn -> {
      List<byte[]> pieces = new ArrayList<>();
      byte[] key = partKey(segment, 1);
      for (byte[] value = digests.get(txn, key); value != null; value = digests.get(txn, key)) {
        byte[] piece = CatalogRecord.decode(key, value);
        if (piece == null) {
          LOG.warn("The digest of segment {} is damaged: the segment will be read", segment);
          return null;
        }
        pieces.add(piece);
        key = partKey(segment, pieces.size() + 1);
      }
      return pieces.isEmpty() ? null : pieces.toArray(byte[][]::new);
    });
  }

  private static byte[] partKey(int segment, int part) {
    return ByteBuffer.allocate(2 * Integer.BYTES).putInt(segment).putInt(part).array();
  }

  /** Closes the catalog; all changes are durable already. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try (lock) {
      env.close();
    } catch (IOException e) {
      throw new IoFailure("close the catalog in " + directory, e);
    }
  }

  private <R> R write(Function<Txn<byte[]>, R> change) {
    checkOpen();
    try (Txn<byte[]> txn = env.txnWrite()) {
      R result = change.apply(txn);
      txn.commit();
      return result;
    } catch (LmdbException e) {
      throw translated(directory, e);
    }
  }

  private <R extends @Nullable Object> R read(Function<Txn<byte[]>, R> query) {
    checkOpen();
    try (Txn<byte[]> txn = env.txnRead()) {
      return query.apply(txn);
    } catch (LmdbException e) {
      throw translated(directory, e);
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the catalog in " + directory + " is closed");
    }
  }

  private static void putRecord(Txn<byte[]> txn, Dbi<byte[]> dbi, byte[] key, byte[] payload) {
    dbi.put(txn, key, CatalogRecord.encode(key, payload));
  }

  private byte @Nullable [] getRecord(Txn<byte[]> txn, Dbi<byte[]> dbi, byte[] key) {
    byte[] value = dbi.get(txn, key);
    return value == null ? null : decode(key, value);
  }

  private byte[] decode(byte[] key, byte[] value) {
    byte[] payload = CatalogRecord.decode(key, value);
    if (payload == null) {
      throw damaged("a value does not match its checksum");
    }
    return payload;
  }

  /** Returns one of the numbers that every catalog has. */
  private ByteBuffer number(Txn<byte[]> txn, byte[] key) {
    byte[] payload = getRecord(txn, meta, key);
    if (payload == null) {
      throw damaged("it has no " + new String(key, StandardCharsets.UTF_8));
    }
    return ByteBuffer.wrap(payload);
  }

  private CatalogException damaged(String what) {
    return new DamagedCatalogException(
        "the catalog in %s is damaged: %s; restore catalog.mdb from a copy"
            .formatted(directory, what));
  }

  /** Turns LMDB's errors into ours: negative codes are about its file, others are errnos. */
  private static RuntimeException translated(Path directory, LmdbException e) {
    if (e instanceof LmdbNativeException n && n.getResultCode() > 0) {
      return new IoFailure("LMDB in " + directory, e);
    }
    return new DamagedCatalogException("LMDB in " + directory + ": " + e.getMessage(), e);
  }

  private static byte[] checkedName(String name) {
    byte[] bytes = name(name);
    if (bytes.length == 0 || bytes.length > MAX_NAME_BYTES) {
      throw new IllegalArgumentException(
          "name must have 1 to %d bytes, not %d".formatted(MAX_NAME_BYTES, bytes.length));
    }
    return bytes;
  }

  private static byte[] name(String name) {
    return name.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] intBytes(int value) {
    return ByteBuffer.allocate(Integer.BYTES).putInt(value).array();
  }

  private static byte[] longBytes(long value) {
    return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
  }
}

package dev.emberkv.server;

import dev.emberkv.compaction.CorruptionException;
import dev.emberkv.engine.ChangeVisitor;
import dev.emberkv.engine.ExpiringKeys;
import dev.emberkv.engine.HashKeyspace;
import dev.emberkv.engine.Initializer;
import dev.emberkv.engine.KeyInfo;
import dev.emberkv.engine.KeyVisitor;
import dev.emberkv.engine.MemoryReservation;
import dev.emberkv.engine.Pooling;
import dev.emberkv.engine.PushOptions;
import dev.emberkv.engine.ReadLatency;
import dev.emberkv.engine.RowStatus;
import dev.emberkv.engine.ShrinkReport;
import dev.emberkv.engine.SpaceStats;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreOptions;
import dev.emberkv.engine.StoreStats;
import dev.emberkv.engine.StringBatch;
import dev.emberkv.engine.StringEntry;
import dev.emberkv.engine.StringKeyspace;
import dev.emberkv.engine.Table;
import dev.emberkv.engine.TableScan;
import dev.emberkv.engine.TableSpec;
import dev.emberkv.engine.TableStats;
import dev.emberkv.engine.ValueSink;
import dev.emberkv.engine.ValueType;
import dev.emberkv.engine.WouldWaitException;
import dev.emberkv.engine.WrongTypeException;
import dev.emberkv.uring.IoFailure;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A store on hash maps: what the server's tests compare with, and where they can make reads of keys
 * that start with {@code "slow:"} wait, as cold ones do, and those of {@code "rotten:"} fail.
 */
final class InMemoryStore implements Store {
  /** Reads of slow keys wait for a permit. */
  final Semaphore slowReads = new Semaphore(0);

  /** Calls of {@link StringKeyspace#getAll}. */
  final AtomicInteger batchReads = new AtomicInteger();

  /** Calls of {@link StringKeyspace#putAll}. */
  final AtomicInteger batchWrites = new AtomicInteger();

  /** Calls that are under way. */
  final AtomicInteger callsUnderWay = new AtomicInteger();

  /** Calls of {@link #flush}. */
  final AtomicInteger flushes = new AtomicInteger();

  private volatile Instant lastCheckpoint = Instant.ofEpochSecond(1_700_000_000);
  private final StoreOptions options;
  private final ThreadLocal<Boolean> refusesToWait = ThreadLocal.withInitial(() -> false);
  private final AtomicLong versions = new AtomicLong();
  private final List<Strings> databases = Stream.generate(Strings::new).limit(DATABASES).toList();
  private final Map<String, Rows> tables = new ConcurrentSkipListMap<>();

  InMemoryStore(Path directory) {
    this.options = StoreOptions.of(directory);
  }

  @Override
  public void checkpoint() {
    flush();
    lastCheckpoint = Instant.ofEpochSecond(lastCheckpoint.getEpochSecond() + 1);
  }

  @Override
  public Instant lastCheckpoint() {
    return lastCheckpoint;
  }

  @Override
  public StoreOptions options() {
    return options;
  }

  @Override
  public Table createTable(TableSpec spec) {
    Rows table = new Rows(spec);
    if (tables.putIfAbsent(spec.name(), table) != null) {
      throw new IllegalArgumentException("there is a table " + spec.name());
    }
    return table;
  }

  @Override
  public Optional<Table> table(String name) {
    return Optional.ofNullable(tables.get(name));
  }

  @Override
  public List<Table> tables() {
    return new ArrayList<>(tables.values());
  }

  @Override
  public boolean dropTable(String name) {
    return tables.remove(name) != null;
  }

  @Override
  public StringKeyspace strings(int database) {
    return databases.get(database);
  }

  @Override
  public long stringCount(int database) {
    return databases.get(database).size();
  }

  @Override
  public ExpiringKeys expiringStrings(int database) {
    return new ExpiringKeys(0, 0);
  }

  @Override
  public void swapStrings(int a, int b) {
    Map<ByteBuffer, StringEntry> ofA = databases.get(a).entries;
    databases.get(a).entries = databases.get(b).entries;
    databases.get(b).entries = ofA;
  }

  @Override
  public void refuseToWait() {
    refusesToWait.set(true);
  }

  @Override
  public void clear() {
    databases.forEach(Strings::clear);
    tables.values().forEach(table -> table.rows.clear());
  }

  @Override
  public void flush() {
    flushes.incrementAndGet();
  }

  /** The server takes no memory out of its store's budget. */
  @Override
  public MemoryReservation reserveMemory(long bytes) {
    throw new UnsupportedOperationException();
  }

  @Override
  public StoreStats stats() {
    long rows = strings(0).size() + tables.values().stream().mapToLong(Rows::size).sum();
    return new StoreStats(
        "memory",
        rows,
        rows,
        0,
        databases.getFirst().hits.get(),
        0,
        databases.getFirst().misses.get(),
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        ReadLatency.NONE,
        ReadLatency.NONE,
        0,
        0,
        0,
        options.memoryBytes(),
        0,
        0,
        SpaceStats.none());
  }

  @Override
  public void close() {
    if (callsUnderWay.get() != 0) {
      throw new IllegalStateException(callsUnderWay + " calls are under way");
    }
  }

  private final class Strings implements StringKeyspace {
    private volatile Map<ByteBuffer, StringEntry> entries = new ConcurrentSkipListMap<>();
    private final AtomicLong hits = new AtomicLong();
    private final AtomicLong misses = new AtomicLong();

    @Override
    public byte @Nullable [] get(byte[] key) {
      StringEntry entry = entry(key);
      if (entry != null && entry.type() != ValueType.STRING) {
        throw new WrongTypeException(entry.type());
      }
      return entry == null ? null : entry.value();
    }

    @Override
    public @Nullable StringEntry entry(byte[] key) {
      callsUnderWay.incrementAndGet();
      try {
        String text = new String(key, StandardCharsets.UTF_8);
        if (text.startsWith("slow:")) {
          if (refusesToWait.get()) {
            throw new WouldWaitException();
          }
          slowReads.acquireUninterruptibly();
        } else if (text.startsWith("rotten:")) {
          throw new CorruptionException(3, 4096, "CRC 1, found 2");
        } else if (text.startsWith("broken:")) {
          throw new IoFailure("read volume-0 at 4096, 4096 bytes", 5);
        }
        StringEntry entry = live(entries.get(ByteBuffer.wrap(key)));
        (entry == null ? misses : hits).incrementAndGet();
        return entry;
      } finally {
        callsUnderWay.decrementAndGet();
      }
    }

    private @Nullable StringEntry live(@Nullable StringEntry entry) {
      return entry == null || entry.expiresAtMillis() <= System.currentTimeMillis() ? null : entry;
    }

    @Override
    public @Nullable KeyInfo info(byte[] key) {
      StringEntry entry = live(entries.get(ByteBuffer.wrap(key)));
      return entry == null ? null : info(entry);
    }

    private KeyInfo info(StringEntry entry) {
      return new KeyInfo(
          entry.type(), entry.value().length, entry.expiresAtMillis(), entry.version());
    }

    @Override
    public byte[] @Nullable [] getAll(byte[][] keys) {
      byte[] @Nullable [] found = new byte[keys.length][];
      getAll(keys, 0, found, Long.MAX_VALUE);
      return found;
    }

    @Override
    public int getAll(byte[][] keys, int from, byte[] @Nullable [] values, long maxBytes) {
      batchReads.incrementAndGet();
      for (int i = from; i < keys.length; i++) {
        StringEntry entry = entry(keys[i]);
        values[i] = entry == null || entry.type() != ValueType.STRING ? null : entry.value();
      }
      return keys.length;
    }

    @Override
    public int getHot(StringBatch keys, int from, ValueSink sink) {
      batchReads.incrementAndGet();
      int n = from;
      for (; n < keys.size() && (n == from || sink.wantsMore()); n++) {
        byte[] key = keyOf(keys, n);
        String text = new String(key, StandardCharsets.UTF_8);
        if (text.matches("(slow|rotten|broken):.*")) {
          return n;
        }
        StringEntry entry = entry(key);
        if (entry == null) {
          sink.missing(n);
        } else if (entry.type() != ValueType.STRING) {
          sink.wrongType(n, entry.type());
        } else {
          long at = sink.begin(n, entry.value().length);
          MemorySegment.copy(
              MemorySegment.ofArray(entry.value()), 0, sink.segment(), at, entry.value().length);
        }
      }
      return n;
    }

    private static byte[] bytesOf(ByteBuffer key) {
      byte[] bytes = new byte[key.remaining()];
      key.duplicate().get(bytes);
      return bytes;
    }

    private static byte[] keyOf(StringBatch keys, int n) {
      int offset = keys.keyOffset(n);
      return Arrays.copyOfRange(keys.data(), offset, offset + keys.keyBytes(n));
    }

    @Override
    public int valueLength(byte[] key) {
      KeyInfo info = info(key);
      return info == null ? -1 : info.valueBytes();
    }

    @Override
    public void put(byte[] key, byte[] value) {
      store(ByteBuffer.wrap(key.clone()), StringEntry.of(value.clone()));
    }

    private StringEntry store(ByteBuffer key, StringEntry entry) {
      StringEntry stored =
          new StringEntry(
              entry.value(), entry.type(), entry.expiresAtMillis(), versions.incrementAndGet());
      entries.put(key, stored);
      return stored;
    }

    @Override
    public void putAll(byte[][] keys, byte[][] newValues) {
      batchWrites.incrementAndGet();
      for (int i = 0; i < keys.length; i++) {
        put(keys[i], newValues[i]);
      }
    }

    @Override
    public int putAll(StringBatch batch, int from) {
      batchWrites.incrementAndGet();
      for (int n = from; n < batch.size(); n++) {
        int offset = batch.valueOffset(n);
        put(
            keyOf(batch, n),
            Arrays.copyOfRange(batch.data(), offset, offset + batch.valueBytes(n)));
      }
      return batch.size();
    }

    @Override
    @SuppressWarnings("ReferenceEquality") // What was given back unchanged is not written.
    public synchronized @Nullable StringEntry update(
        byte[] key, UnaryOperator<@Nullable StringEntry> change) {
      StringEntry seen = entry(key);
      StringEntry next = change.apply(seen);
      if (next == null) {
        entries.remove(ByteBuffer.wrap(key));
      } else if (next != seen) {
        store(ByteBuffer.wrap(key.clone()), next);
      }
      return next;
    }

    /** Hashes are tested with the real store. */
    @Override
    public HashKeyspace hashes() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void copy(byte[] key, StringKeyspace target, byte[] targetKey) {
      StringEntry entry = entry(key);
      var _ = target.update(targetKey, seen -> entry);
    }

    @Override
    public void rename(byte[] key, StringKeyspace target, byte[] targetKey) {
      copy(key, target, targetKey);
      var _ = delete(key);
    }

    @Override
    public boolean delete(byte[] key) {
      return live(entries.remove(ByteBuffer.wrap(key))) != null;
    }

    @Override
    public long deleteAll(byte[][] keys) {
      return Arrays.stream(keys).filter(this::delete).count();
    }

    @Override
    public long scan(long cursor, int wanted, KeyVisitor visitor) {
      entries.forEach((key, entry) -> visitor.key(bytesOf(key), info(entry)));
      return 0;
    }

    @Override
    public long size() {
      return entries.size();
    }

    @Override
    public int useCount(byte[] key) {
      return 0;
    }

    @Override
    public void clear() {
      entries.clear();
    }
  }

  private static final class Rows implements Table {
    private static final ValueLayout.OfLong ID =
        ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat F32 =
        ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final TableSpec spec;
    private final Map<Long, byte[]> rows = new ConcurrentHashMap<>();

    private long tickets;

    Rows(TableSpec spec) {
      this.spec = spec;
    }

    @Override
    public TableSpec spec() {
      return spec;
    }

    @Override
    public long size() {
      return rows.size();
    }

    @Override
    public void load(MemorySegment keys, MemorySegment storedRows, long timeSeconds) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void put(MemorySegment keys, MemorySegment rows, long timeSeconds) {
      throw new UnsupportedOperationException();
    }

    @Override
    public ShrinkReport shrink(boolean dryRun) {
      return new ShrinkReport(rows.size(), 0, 0, 0);
    }

    @Override
    public TableScan scan() {
      throw new UnsupportedOperationException();
    }

    @Override
    public long position() {
      throw new UnsupportedOperationException();
    }

    @Override
    public long changedSince(long position, ChangeVisitor visitor) {
      throw new UnsupportedOperationException();
    }

    @Override
    public long origin() {
      throw new UnsupportedOperationException();
    }

    @Override
    public TableStats stats() {
      return new TableStats(rows.size(), 0, 0);
    }

    @Override
    public CompletableFuture<Void> lookupAsync(
        MemorySegment keys, MemorySegment rows, MemorySegment statuses) {
      lookup(keys, rows, statuses);
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public void lookup(MemorySegment keys, MemorySegment out, MemorySegment statuses) {
      for (long i = 0; i < keys.byteSize() / Long.BYTES; i++) {
        MemorySegment row = out.asSlice(i * spec.rowBytes(), spec.rowBytes());
        byte status = get(keys.get(ID, i * Long.BYTES), row);
        if (statuses.byteSize() > 0) {
          statuses.set(ValueLayout.JAVA_BYTE, i, status);
        }
      }
    }

    /** Conversions are tested with the real store. */
    @Override
    public void lookupFloats(MemorySegment keys, MemorySegment out, MemorySegment statuses) {
      throw new UnsupportedOperationException();
    }

    /** Pooling is tested with the real store. */
    @Override
    public void pool(
        Pooling pooling,
        MemorySegment keys,
        MemorySegment offsets,
        MemorySegment weights,
        MemorySegment pooled) {
      throw new UnsupportedOperationException();
    }

    @Override
    public byte get(long key, MemorySegment row) {
      byte[] found = rows.get(key);
      if (found != null) {
        MemorySegment.copy(MemorySegment.ofArray(found), 0, row, 0, spec.rowBytes());
        return RowStatus.HOT;
      }
      row.asSlice(0, spec.rowBytes()).fill((byte) 0);
      if (spec.initializer() instanceof Initializer.Constant(float value)) {
        for (int column = 0; column < spec.dim(); column++) {
          row.set(F32, 4L * column, value);
        }
      }
      return RowStatus.MISSING;
    }

    @Override
    public void put(MemorySegment keys, MemorySegment packed) {
      for (long i = 0; i < keys.byteSize() / Long.BYTES; i++) {
        put(keys.get(ID, i * Long.BYTES), packed.asSlice(i * spec.rowBytes(), spec.rowBytes()));
      }
    }

    @Override
    public void put(long key, MemorySegment row) {
      rows.put(key, row.asSlice(0, spec.rowBytes()).toArray(ValueLayout.JAVA_BYTE));
    }

    /** Learning is tested with the real store. */
    @Override
    public boolean push(MemorySegment keys, MemorySegment gradients, PushOptions options) {
      throw new UnsupportedOperationException();
    }

    @Override
    public long prefetch(MemorySegment keys) {
      return ++tickets;
    }

    @Override
    public long delete(MemorySegment keys) {
      long deleted = 0;
      for (long i = 0; i < keys.byteSize() / Long.BYTES; i++) {
        if (delete(keys.get(ID, i * Long.BYTES))) {
          deleted++;
        }
      }
      return deleted;
    }

    @Override
    public boolean delete(long key) {
      return rows.remove(key) != null;
    }
  }
}

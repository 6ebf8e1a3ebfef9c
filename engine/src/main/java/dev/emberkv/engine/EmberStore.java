package dev.emberkv.engine;

import dev.emberkv.compaction.LogOptions;
import dev.emberkv.compaction.LogStats;
import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.compaction.SegmentedLog;
import dev.emberkv.index.Catalog;
import dev.emberkv.index.KeyHash;
import dev.emberkv.uring.IoBackend;
import dev.emberkv.uring.IoCounters;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The store: opens its parts in order, keeps the tables, and makes and drops their keyspaces.
 *
 * <p>Changes of the set of tables are serialized by this object's monitor, which {@link Databases}
 * takes inside its own.
 */
final class EmberStore implements Store {
  private static final Logger LOGGER = LoggerFactory.getLogger(EmberStore.class);

  /** The names of blobs in the catalog with the times of tables. */
  private static final String CLOCK = "table-time-";

  private static final int MAX_KEYSPACES = 1 << 16;
  private static final long HASH_SALT = 0xd6e8feb86659fd93L;

  private final StoreOptions options;
  private final Catalog catalog;
  private final IoBackend backend;
  private final SegmentedLog log;
  private final MemoryBudget budget;
  private final SlabPool slabs;
  private final AdmissionPolicy admission;
  private final RecordReaders readers;
  private final RecordReaders resolverReaders;
  private final Tiers tiers;
  private final Prefetcher prefetcher;
  private final Flusher flusher;
  private final RowSweeper sweeper;
  private final ForgottenDeletions deletions;
  private final Compactor compactor;
  private final Changes changes;
  private final Checkpoints checkpoints;
  private final long hashSeed;

  private final AtomicReferenceArray<@Nullable Keyspace> keyspaces =
      new AtomicReferenceArray<>(MAX_KEYSPACES);
  private final ConcurrentSkipListMap<String, RowTable> tables = new ConcurrentSkipListMap<>();
  private final Databases databases;
  private volatile Instant lastCheckpoint = Instant.now();

  /** Held while the store is being closed, so that a second caller returns when it is. */
  private final Object closing = new Object();

  private boolean closed;

  private EmberStore(
      StoreOptions options, Catalog catalog, IoBackend backend, SegmentedLog log, Sizing sizing) {
    this.options = options;
    this.catalog = catalog;
    this.backend = backend;
    this.log = log;
    this.hashSeed = KeyHash.ofId(log.storeId(), HASH_SALT);
    this.budget = new MemoryBudget(options.memoryBytes(), sizing.fixedBytes());
    this.slabs = new SlabPool(budget.maxSlabBytes(), budget::slabBytes);
    WaitRule waits = new WaitRule();
    this.readers = new RecordReaders(log, backend, sizing.readers(), waits);
    this.resolverReaders = new RecordReaders(log, backend, Sizing.RESOLVER, waits);
    Counters counters = new Counters();
    this.admission = new AdmissionPolicy(slabs, sizing.sketchBytes());
    Evictor evictor = new Evictor(slabs, log, keyspaces::get, admission, counters, waits);
    Epoch epoch = new Epoch();
    this.tiers =
        new Tiers(
            slabs,
            log,
            readers,
            resolverReaders,
            evictor,
            epoch,
            counters,
            new CommitClock(),
            new DiskSpace(
                log, this::unloggedBytes, options.directory().toFile()::getUsableSpace, waits),
            options.durability(),
            new TierLatencies(),
            new AsyncLookups(),
            waits);
    this.prefetcher = new Prefetcher(tiers);
    this.flusher =
        new Flusher(tiers, options.checkpointInterval(), this::checkpoint, this::saveClocks);
    this.sweeper = new RowSweeper(tiers, () -> List.copyOf(tables.values()));
    this.deletions = new ForgottenDeletions(catalog);
    this.compactor = new Compactor(tiers, flusher, keyspaces::get, deletions);
    this.changes = new Changes(tiers, flusher, compactor, deletions);
    budget.add(log::bitmapBytes);
    this.checkpoints = new Checkpoints(catalog);
    this.databases = new Databases(tiers, hashSeed, new StringKeyspaces());
    recover();
    databases.settle();
  }

  static Store open(StoreOptions options) {
    return open(options, () -> IoBackend.open(options.ioMode()), UnaryOperator.identity());
  }

  /** Opens a store on a backend of its own, with other log options than its own choice. */
  static Store open(
      StoreOptions options, Supplier<IoBackend> io, UnaryOperator<LogOptions> logOptions) {
    Catalog catalog = Catalog.openOrReplace(options.directory());
    IoBackend backend = null;
    SegmentedLog log = null;
    boolean opened = false;
    try {
      backend = io.get();
      Sizing sizing = Sizing.of(options);
      long storeId = catalog.made() ? LogOptions.ANY_STORE : catalog.storeId();
      LogOptions chosen = logOptions.apply(sizing.log(storeId));
      log = SegmentedLog.open(backend, options.directory(), chosen);
      if (catalog.made()) {
        catalog.adopt(log.storeId());
      }
      EmberStore store = new EmberStore(options, catalog, backend, log, sizing);
      store.flusher.start();
      store.compactor.start();
      store.sweeper.start();
      opened = true;
      return store;
    } finally {
      if (!opened) {
        closeQuietly(log, backend, catalog);
      }
    }
  }

  /** Closes what was opened before a failure; that failure is the one to report. */
  private static void closeQuietly(@Nullable AutoCloseable... parts) {
    for (AutoCloseable part : parts) {
      if (part != null) {
        try {
          part.close();
        } catch (Exception e) {
          // the failure to open is under way already and says more
        }
      }
    }
  }

  /** Returns the most that DRAM holds of what the log does not have yet. */
  private long unloggedBytes() {
    if (options.durability() == Durability.ALWAYS) {
      return 0;
    }
    long bytes = 0;
    for (SlotClass slotClass : slabs.classes()) {
      long slots = slotClass.slabCount() * (SlabPool.SLAB_BYTES / slotClass.slotBytes);
      bytes += slots * DiskSpace.logBytes(slotClass.slotBytes - Slot.HEADER_BYTES);
    }
    return bytes;
  }

  // Opening

  /** Rebuilds indexes, databases and tables from the log. */
  private void recover() {
    try (Recovery recovery = new Recovery(log, hashSeed)) {
      recovery.run(checkpoints);
      tiers.clock().startAfter(recovery.newestSequence());
      deletions.startAfter(recovery.newestSequence());
      LongStream.Builder needed = LongStream.builder();
      List<Integer> halfCleared = new ArrayList<>();
      for (RecoveredTables.Definition definition : recovery.definitions()) {
        TableSpec spec = definition.table();
        StringsDefinition strings = definition.strings();
        if (spec != null && tables.containsKey(spec.name())) {
          // a crash came between the two steps of clearing it
          halfCleared.add(definition.id());
          continue;
        }
        int kind = spec == null ? RecordFormat.STRING : RecordFormat.ROW;
        Keyspace rows =
            adopt(
                definition.id(),
                kind,
                definition.location(),
                definition.definedAt(),
                recovery.keys(definition.id()));
        recovery.fill(definition.id(), rows.index);
        recovery.fill(definition, rows.tokens);
        needed.add(definition.location());
        rows.tokens.forEachRecord(needed::add);
        if (spec != null) {
          tables.put(spec.name(), tableOf(spec, rows));
          startClock(rows);
        } else if (strings != null) {
          databases.adopt(rows, strings);
        }
      }
      long uncommitted = recovery.finish(needed.build());
      if (uncommitted > 0) {
        LOGGER.info("Dropped {} records of batches that a crash cut short", uncommitted);
        append(RecordFormat.START, 0, MemorySegment.NULL);
      }
      halfCleared.forEach(id -> append(RecordFormat.DROP, id, MemorySegment.NULL));
    }
  }

  // Keyspaces

  private Keyspace adopt(int id, int kind, long definition, long definedAt, long expectedRows) {
    Keyspace keyspace =
        new Keyspace(id, kind, definition, definedAt, hashSeed, expectedRows, tiers);
    keyspaces.set(id, keyspace);
    budget.add(keyspace.memoryBytes);
    return keyspace;
  }

  /** Makes a keyspace that survives a restart. */
  private Keyspace define(int kind, byte[] definition) {
    return define(kind, definition, true);
  }

  /** Makes a keyspace, which a crash takes away unless {@code now} or something is flushed. */
  private synchronized Keyspace define(int kind, byte[] definition, boolean now) {
    log.checkWritable();
    long admitted = tiers.space().admit(RecordFormat.PAGE_BYTES);
    try {
      int id = freeId();
      Stamp stamp = tiers.nextStamp(1);
      long location = append(RecordFormat.TABLE, id, MemorySegment.ofArray(definition), stamp);
      if (now) {
        flushChange();
      }
      return adopt(id, kind, location, stamp.sequence(), 0);
    } finally {
      tiers.space().done(admitted);
    }
  }

  /** Logs a change of the set of keyspaces. It counts at once, or from the next checkpoint on. */
  private long append(int kind, int id, MemorySegment payload) {
    return append(kind, id, payload, tiers.nextStamp(1));
  }

  private long append(int kind, int id, MemorySegment payload, Stamp stamp) {
    boolean waits = options.durability() == Durability.CHECKPOINT && kind != RecordFormat.START;
    return log.append(
        waits ? kind : kind | RecordFormat.COMMITTED,
        id,
        0,
        stamp.sequence(),
        stamp.time(),
        payload);
  }

  private void flushChange() {
    if (options.durability() != Durability.CHECKPOINT) {
      log.flush();
    }
  }

  /** What the databases ask of the store. */
  private final class StringKeyspaces implements Databases.Keyspaces {
    @Override
    public Keyspace define(byte[] definition) {
      return EmberStore.this.define(RecordFormat.STRING, definition);
    }

    @Override
    public Keyspace prepare(byte[] definition) {
      return EmberStore.this.define(RecordFormat.STRING, definition, false);
    }

    @Override
    public @Nullable Keyspace byId(int id) {
      return keyspaces.get(id);
    }

    @Override
    public void flush() {
      flusher.flush();
    }

    @Override
    public void redefine(Keyspace keyspace, byte[] definition) {
      long location = append(RecordFormat.TABLE, keyspace.id, MemorySegment.ofArray(definition));
      flushChange();
      log.markDead(keyspace.definition.getAndSet(location));
    }

    @Override
    public void drop(Keyspace keyspace) {
      synchronized (EmberStore.this) {
        EmberStore.this.drop(keyspace);
      }
    }
  }

  private int freeId() {
    for (int id = 1; id < MAX_KEYSPACES; id++) {
      if (keyspaces.get(id) == null) {
        return id;
      }
    }
    throw new IllegalStateException("a store has at most " + (MAX_KEYSPACES - 1) + " tables");
  }

  /**
   * Drops a keyspace that nothing points to any more: waits for the operations that still use it,
   * logs that all its records so far are dead, frees its slots, waits for evictions that came upon
   * its rows, and frees the index.
   *
   * <p>No flush is under way meanwhile: one whose cut lies before the drop would miss rows.
   */
  private void drop(Keyspace keyspace) {
    tiers.epoch().synchronize();
    flusher.betweenFlushes(() -> {
      append(RecordFormat.DROP, keyspace.id, MemorySegment.NULL);
      flushChange();
      tiers.evictor().freeSlots(keyspace);
      keyspaces.set(keyspace.id, null);
      tiers.epoch().synchronize();
    });
    keyspace.markAllDead();
    log.markDead(keyspace.definition.get());
    budget.remove(keyspace.memoryBytes);
    keyspace.close();
  }

  @Override
  public synchronized Table createTable(TableSpec spec) {
    spec.requireSound();
    if (tables.containsKey(spec.name())) {
      throw new IllegalArgumentException("table " + spec.name() + " exists already");
    }
    Keyspace rows = define(RecordFormat.ROW, TableCodec.encode(spec));
    RowTable table = tableOf(spec, rows);
    tables.put(spec.name(), table);
    return table;
  }

  private RowTable tableOf(TableSpec spec, Keyspace rows) {
    return new RowTable(spec, rows, tiers, prefetcher, changes, Sizing.counterBytes(options));
  }

  /** Makes the times durable that writers gave since the last call; rows expire by these then. */
  private void saveClocks() {
    Map<String, byte[]> times = new HashMap<>();
    List<Runnable> saved = new ArrayList<>();
    for (RowTable table : tables.values()) {
      Keyspace rows = table.ifThere();
      TableClock clock = rows == null ? null : rows.clock;
      if (rows != null && clock != null && clock.unsaved() != 0) {
        long seconds = clock.unsaved();
        times.put(
            CLOCK + rows.id,
            ByteBuffer.allocate(2 * Long.BYTES).putLong(rows.definedAt).putLong(seconds).array());
        saved.add(() -> clock.saved(seconds));
      }
    }
    if (!times.isEmpty()) {
      catalog.put(times);
      saved.forEach(Runnable::run);
    }
  }

  private void startClock(Keyspace rows) {
    byte[] stored = catalog.get(CLOCK + rows.id);
    TableClock clock = rows.clock;
    if (stored != null && clock != null) {
      ByteBuffer time = ByteBuffer.wrap(stored);
      if (time.getLong() == rows.definedAt) {
        clock.startAt(time.getLong());
      }
    }
  }

  @Override
  public Optional<Table> table(String name) {
    return Optional.ofNullable(tables.get(name));
  }

  @Override
  public List<Table> tables() {
    return List.copyOf(tables.values());
  }

  @Override
  public synchronized boolean dropTable(String name) {
    RowTable table = tables.remove(name);
    if (table == null) {
      return false;
    }
    drop(table.swap(null));
    return true;
  }

  @Override
  public StringKeyspace strings(int database) {
    return databases.get(database);
  }

  @Override
  public long stringCount(int database) {
    return databases.size(database);
  }

  @Override
  public ExpiringKeys expiringStrings(int database) {
    return databases.expiring(database);
  }

  @Override
  public void swapStrings(int a, int b) {
    databases.swap(a, b);
  }

  @Override
  public void refuseToWait() {
    tiers.waits().refuse();
  }

  @Override
  public void clear() {
    databases.clear();
    clearTables();
  }

  private synchronized void clearTables() {
    for (RowTable table : tables.values()) {
      drop(table.swap(define(RecordFormat.ROW, TableCodec.encode(table.spec()))));
    }
  }

  // Running

  @Override
  public StoreOptions options() {
    return options;
  }

  @Override
  public void flush() {
    flusher.flush();
  }

  @Override
  public void checkpoint() {
    flusher.flush();
    lastCheckpoint = Instant.now();
    checkpoints.update(log);
  }

  @Override
  public Instant lastCheckpoint() {
    return lastCheckpoint;
  }

  /** Begins to take a slab from the rows of a table's width, and leaves it at that. */
  void startDraining(Table table) {
    slabs.classFor(RecordFormat.ROW, table.spec().storedRowBytes()).startDraining();
  }

  /** Waits until a prefetch is done. */
  void awaitPrefetch(long ticket) throws InterruptedException {
    prefetcher.await(ticket);
  }

  /** Looks after pinned rows as of a later time, in nanoseconds from now. */
  void reviewPins(long laterNanos) {
    try (Guard _ = tiers.epoch().enter()) {
      tiers.evictor().reviewPins(System.nanoTime() + laterNanos);
    }
  }

  /** Brings the slabs down to what the indexes leave for them now. */
  void shrinkToLimit() {
    flusher.shrinkToLimit();
  }

  /** Returns how many rows of a table's width are in DRAM. */
  long hotRowsLike(Table table) {
    return slabs.classFor(RecordFormat.ROW, table.spec().storedRowBytes()).takenSlots();
  }

  @Override
  public MemoryReservation reserveMemory(long bytes) {
    if (bytes < 1) {
      throw new IllegalArgumentException("bytes must be at least 1, not " + bytes);
    }
    budget.reserve(bytes);
    MemoryReservation reservation = new Reservation(budget, bytes);
    try {
      flusher.shrinkToLimit();
    } catch (RuntimeException e) {
      reservation.close();
      throw e;
    }
    return reservation;
  }

  @Override
  public StoreStats stats() {
    Counters counters = tiers.counters();
    IoCounters io = backend.counters();
    LogStats logStats = log.stats();
    long rows = databases.size() + databases.fieldCount();
    for (RowTable table : tables.values()) {
      rows += table.size();
    }
    return new StoreStats(
        backend.name(),
        rows,
        slabs.takenSlots(),
        slabs.takenBytes(),
        tiers.epoch().count(RowStatus.HOT),
        tiers.epoch().count(RowStatus.COLD),
        tiers.epoch().count(RowStatus.MISSING),
        io.reads(),
        io.readBytes(),
        io.writtenBytes(),
        io.submits(),
        readers.inFlight(),
        counters.admissions.sum(),
        counters.rejections.sum(),
        counters.evictionsClean.sum(),
        counters.evictionsDirty.sum(),
        counters.prefetchesUsed.sum(),
        counters.prefetchesLate.sum(),
        counters.prefetchesWasted.sum(),
        counters.prefetchesRefused.sum(),
        counters.falsePositives.sum(),
        tiers.latencies().hot(),
        tiers.latencies().cold(),
        budget.indexBytes() - log.bitmapBytes(),
        slabs.assignedBytes(),
        budget.fixedBytes() + budget.reservedBytes() + budget.indexBytes() + slabs.assignedBytes(),
        budget.limitBytes(),
        logStats.usedBytes(),
        checkpoints.writtenBytes(),
        compactor.spaceStats());
  }

  @Override
  public void close() {
    synchronized (closing) {
      if (closed) {
        return;
      }
      closed = true;
      databases.stop(); // without this store's monitor, which its threads may be about to need
      closeParts();
    }
  }

  private synchronized void closeParts() {
    prefetcher.close();
    sweeper.close();
    tiers.async().close();
    compactor.close();
    flusher.close();
    try (catalog;
        backend;
        log;
        admission;
        slabs;
        resolverReaders;
        readers) {
      flusher.flush();
    } finally {
      for (int id = 1; id < MAX_KEYSPACES; id++) {
        Keyspace keyspace = keyspaces.getAndSet(id, null);
        if (keyspace != null) {
          keyspace.close();
        }
      }
    }
  }
}

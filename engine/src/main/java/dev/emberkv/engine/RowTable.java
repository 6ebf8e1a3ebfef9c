package dev.emberkv.engine;

import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.index.HashIndex;
import dev.emberkv.index.Location;
import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A table: checks what callers hand in, and runs batches on the table's {@link Keyspace}. */
final class RowTable implements Table {
  /** The most keys that are handled in one go; larger batches are cut. */
  static final int MAX_BATCH = 1 << 17;

  /** The time of deletions, which have none. */
  private static final long NO_TIME = -1;

  private final TableSpec spec;
  private final RowLayout layout;
  private final int rowBytes;
  private final RowInitializer initializer;
  private final float initialState;
  private final Tiers tiers;
  private final Prefetcher prefetcher;
  private final Changes changes;
  private final long counterBytes;
  private volatile @Nullable Keyspace current;

  /**
   * With write-through, a push must not read what a batch wrote whose commit is yet to come: held
   * alone by a push, and together by batches that only write, until their commits are in the log.
   */
  private final ReentrantReadWriteLock wholeBatches = new ReentrantReadWriteLock();

  /** Held by who drops rows by the table's rules: two would drop more than the rules want. */
  private final ReentrantLock shrinking = new ReentrantLock();

  /**
   * Makes a table.
   *
   * @param counterBytes the most memory for counts of ids that have no row
   */
  RowTable(
      TableSpec spec,
      Keyspace keyspace,
      Tiers tiers,
      Prefetcher prefetcher,
      Changes changes,
      long counterBytes) {
    this.changes = changes;
    this.spec = spec;
    this.layout = RowLayout.of(spec);
    this.rowBytes = spec.rowBytes();
    this.initializer = new RowInitializer(spec);
    this.initialState = spec.optimizer().rule().initialState();
    this.tiers = tiers;
    this.prefetcher = prefetcher;
    this.counterBytes = counterBytes;
    adopt(keyspace);
    this.current = keyspace;
  }

  /** Lets a keyspace without readers and writers know how its rows live. */
  private void adopt(Keyspace keyspace) {
    keyspace.learns = spec.optimizer().learns();
    keyspace.gate = FeatureGate.of(spec, counterBytes);
    if (spec.expiry().isTimed()) {
      keyspace.clock = new TableClock(spec.expiry().dataTime());
      keyspace.ttlSeconds = spec.expiry().ttlSeconds();
    }
  }

  RowLayout layout() {
    return layout;
  }

  RowInitializer initializer() {
    return initializer;
  }

  ReentrantLock shrinking() {
    return shrinking;
  }

  ReentrantReadWriteLock wholeBatches() {
    return wholeBatches;
  }

  /** Gives the table other rows, or none when it is dropped; returns those it had. */
  Keyspace swap(@Nullable Keyspace next) {
    Keyspace previous = keyspace();
    if (next != null) {
      adopt(next);
    }
    current = next;
    return previous;
  }

  /** Returns the rows, or null when the table was dropped. */
  @Nullable Keyspace ifThere() {
    return current;
  }

  @Override
  public ShrinkReport shrink(boolean dryRun) {
    shrinking.lock();
    try (RowShrink rules = new RowShrink(this, tiers, () -> false)) {
      return rules.run(dryRun);
    } finally {
      shrinking.unlock();
    }
  }

  Keyspace keyspace() {
    Keyspace keyspace = current;
    if (keyspace == null) {
      throw new IllegalStateException("table " + spec.name() + " was dropped");
    }
    return keyspace;
  }

  @Override
  public TableSpec spec() {
    return spec;
  }

  @Override
  public long size() {
    return keyspace().index.size();
  }

  @Override
  public TableStats stats() {
    Keyspace keyspace = keyspace();
    FeatureGate gate = keyspace.gate;
    return new TableStats(
        keyspace.index.size(),
        gate == null ? 0 : gate.rejections(),
        gate == null ? 0 : gate.memoryBytes());
  }

  @Override
  public void lookup(MemorySegment keys, MemorySegment rows, MemorySegment statuses) {
    long count = checkLookup(keys, rows, statuses, rowBytes);
    lookup(keys, count, new RowSink.Stored(initializer, rows), statuses);
  }

  @Override
  public void lookupFloats(MemorySegment keys, MemorySegment rows, MemorySegment statuses) {
    if (spec.dtype() == Dtype.F32) {
      lookup(keys, rows, statuses);
      return;
    }
    long count = checkLookup(keys, rows, statuses, spec.dim() * Float.BYTES);
    try (RowSink.Floats floats = new RowSink.Floats(initializer, spec, rows)) {
      lookup(keys, count, floats, statuses);
    }
  }

  @Override
  public void pool(
      Pooling pooling,
      MemorySegment keys,
      MemorySegment offsets,
      MemorySegment weights,
      MemorySegment pooled) {
    try (PooledLookup bags =
        new PooledLookup(spec.dim(), pooling, keys, offsets, weights, pooled)) {
      bags.run((pieceKeys, floats) -> lookupFloats(pieceKeys, floats, MemorySegment.NULL));
    }
  }

  private void lookup(MemorySegment keys, long count, RowSink rows, MemorySegment statuses) {
    for (long first = 0; first < count; first += MAX_BATCH) {
      int size = (int) Math.min(MAX_BATCH, count - first);
      try (Guard guard = tiers.epoch().enter()) {
        new BatchLookup(keyspace(), tiers, layout, keys, rows, statuses, guard).run(first, size);
      }
    }
  }

  @Override
  public CompletableFuture<Void> lookupAsync(
      MemorySegment keys, MemorySegment rows, MemorySegment statuses) {
    long count = checkLookup(keys, rows, statuses, rowBytes);
    AsyncLookups.requireShared(keys, "keys");
    AsyncLookups.requireShared(rows, "rows");
    AsyncLookups.requireShared(statuses, "statuses");
    RowSink sink = new RowSink.Stored(initializer, rows);
    long[] left = {};
    for (long first = 0; first < count; first += MAX_BATCH) {
      int size = (int) Math.min(MAX_BATCH, count - first);
      try (Guard guard = tiers.epoch().enter()) {
        long[] more =
            new BatchLookup(keyspace(), tiers, layout, keys, sink, statuses, guard)
                .runResident(first, size);
        int known = left.length;
        left = Arrays.copyOf(left, known + more.length);
        System.arraycopy(more, 0, left, known, more.length);
      }
    }
    ColdLookup lookup = new ColdLookup(this, keys, rows, statuses, left);
    if (left.length == 0) {
      lookup.done.complete(null);
    } else {
      tiers.async().submit(lookup);
    }
    return lookup.done;
  }

  private static long checkLookup(
      MemorySegment keys, MemorySegment rows, MemorySegment statuses, int rowBytes) {
    long count = countOf(keys);
    checkRows(rows, count, rowBytes);
    if (statuses.byteSize() != 0 && statuses.byteSize() < count) {
      throw new IllegalArgumentException(
          "statuses has %d bytes, %d keys need as many".formatted(statuses.byteSize(), count));
    }
    return count;
  }

  @Override
  public byte get(long key, MemorySegment row) {
    checkRows(row, 1, rowBytes);
    try (Guard guard = tiers.epoch().enter()) {
      long began = guard.sampleClock();
      Keyspace keyspace = keyspace();
      byte status = readHot(keyspace, key, row);
      if (status != RowStatus.HOT) {
        status =
            keyspace.read(
                guard.key.of(key),
                (payload, payloadBytes) -> RawMemory.copy(payload, row, 0, rowBytes));
        if (status == RowStatus.MISSING) {
          initializer.write(key, row, 0);
          status = keyspace.missed(key, keyspace.hash(key));
        }
      }
      guard.count(status, 1);
      tiers.latencies().record(status == RowStatus.COLD, began);
      return status;
    }
  }

  /** The short way of a single read: the first entry with the key's tag is its row, in DRAM. */
  private byte readHot(Keyspace keyspace, long key, MemorySegment row) {
    long hash = keyspace.hash(key);
    long home = keyspace.index.home(hash);
    long header = HashIndex.version(home);
    if (header == HashIndex.MOVED) {
      return RowStatus.MISSING;
    }
    long location = keyspace.index.find(home, header, hash);
    if (location == Location.NONE || !Location.isDram(location)) {
      return RowStatus.MISSING;
    }
    long slot = keyspace.slotAddress(location);
    if (Slot.key(slot) != key || Slot.table(slot) != keyspace.id) {
      return RowStatus.MISSING;
    }
    if (Keyspace.isOver(slot, keyspace.expiredUntil())) {
      return RowStatus.MISSING;
    }
    RawMemory.copy(Slot.payload(slot), row, 0, rowBytes);
    if (!HashIndex.unchanged(home, header)) {
      return RowStatus.MISSING;
    }
    tiers.slabs().touch(slot);
    return RowStatus.HOT;
  }

  @Override
  public void put(MemorySegment keys, MemorySegment rows) {
    long count = countOf(keys);
    checkRows(rows, count, rowBytes);
    put(keys, count, 0, rows, layout);
  }

  @Override
  public void put(MemorySegment keys, MemorySegment rows, long timeSeconds) {
    PushOptions.requireTime(timeSeconds);
    long count = countOf(keys);
    checkRows(rows, count, rowBytes);
    put(keys, count, timeSeconds, rows, layout);
  }

  /** Writes rows, of which the caller has those bytes that the layout calls the embedding. */
  private void put(MemorySegment keys, long count, long time, MemorySegment rows, RowLayout given) {
    DiskSpace space = tiers.space();
    long admitted =
        space.admit(count * DiskSpace.logBytes(layout.payloadBytes()) + RecordFormat.PAGE_BYTES);
    try {
      write(keys, count, time, batch -> batch.put(new RowSource.Packed(rows, given, initialState)));
    } finally {
      space.done(admitted);
    }
  }

  @Override
  public void put(long key, MemorySegment row) {
    put(MemorySegment.ofArray(new long[] {key}), row);
  }

  @Override
  public void load(MemorySegment keys, MemorySegment storedRows, long timeSeconds) {
    long count = countOf(keys);
    checkRows(storedRows, count, layout.payloadBytes());
    long time = spec.expiry().dataTime() ? timeSeconds : 0;
    put(keys, count, time, storedRows, new RowLayout(layout.payloadBytes(), 0, 0));
  }

  @Override
  public TableScan scan() {
    keyspace(); // for the exception
    RowScan scan = new RowScan(layout.payloadBytes());
    return new TableScan() {
      @Override
      public long next(long cursor, ChangeVisitor visitor) {
        try (Guard _ = tiers.epoch().enter()) {
          return showSome(scan, cursor, visitor);
        }
      }

      @Override
      public void close() {
        scan.close();
      }
    };
  }

  private long showSome(RowScan scan, long cursor, ChangeVisitor visitor) {
    Keyspace keyspace = keyspace();
    long expiredUntil = keyspace.expiredUntil();
    return scan.run(
        keyspace,
        cursor,
        Integer.MAX_VALUE,
        row -> {
          if (!Keyspace.isOver(row, expiredUntil)) {
            show(row, visitor);
          }
        });
  }

  private void show(long row, ChangeVisitor visitor) {
    visitor.row(
        Slot.key(row),
        Slot.time(row),
        RawMemory.all().asSlice(Slot.payload(row), layout.payloadBytes()));
  }

  @Override
  public long position() {
    return changes.position();
  }

  @Override
  public long changedSince(long position, ChangeVisitor visitor) {
    return changes.since(keyspace(), spec.name(), position, visitor);
  }

  @Override
  public long origin() {
    return changes.origin(keyspace());
  }

  @Override
  public long delete(MemorySegment keys) {
    long count = countOf(keys);
    long[] deleted = new long[1];
    DiskSpace space = tiers.space();
    long admitted = space.admitDelete(count * DiskSpace.logBytes(0) + RecordFormat.PAGE_BYTES);
    try {
      write(keys, count, NO_TIME, batch -> deleted[0] += batch.delete());
    } finally {
      space.done(admitted);
    }
    return deleted[0];
  }

  @Override
  public boolean delete(long key) {
    return delete(MemorySegment.ofArray(new long[] {key})) == 1;
  }

  @Override
  public long prefetch(MemorySegment keys) {
    countOf(keys);
    keyspace(); // for the exception
    return prefetcher.submit(() -> current, layout.payloadBytes(), Prefetcher.copyOf(keys));
  }

  @Override
  public boolean push(MemorySegment keys, MemorySegment gradients, PushOptions options) {
    return new RowPush(this, tiers, keys, gradients, options).run();
  }

  /** Runs one batch, a part at a time, under one sequence number. */
  private void write(MemorySegment keys, long count, long time, Consumer<BatchWrite> change) {
    whole(() -> {
      try (Guard guard = tiers.epoch().enter()) {
        Keyspace keyspace = keyspace();
        int stampTime = time == NO_TIME ? Tiers.wallSeconds() : keyspace.stampTime(time);
        tiers.write(
            count,
            stampTime,
            stamp -> {
              for (long first = 0; first < count; first += MAX_BATCH) {
                int size = (int) Math.min(MAX_BATCH, count - first);
                change.accept(new BatchWrite(keyspace, tiers, stamp, keys, first, size, guard));
              }
            });
      }
    });
  }

  /** What is done to rows one by one, as one batch. */
  interface Deletions {
    void run(Keyspace keyspace, RowKey.Id key, Stamp stamp);
  }

  /** Deletes rows, as many as are said at most, as one batch. */
  void deleteTogether(long count, Deletions deletions) {
    whole(() -> {
      try (Guard guard = tiers.epoch().enter()) {
        Keyspace keyspace = keyspace();
        tiers.write(count, stamp -> deletions.run(keyspace, guard.key, stamp));
      }
    });
  }

  /** Writes a batch that no push can come upon half done, and waits until it counts as done. */
  private void whole(Runnable batch) {
    boolean shared = spec.optimizer().learns() && tiers.writesThrough();
    if (shared) {
      wholeBatches.readLock().lock();
    }
    try {
      batch.run();
    } finally {
      if (shared) {
        wholeBatches.readLock().unlock();
      }
    }
    tiers.acknowledge();
  }

  static long countOf(MemorySegment keys) {
    if (keys.byteSize() % Long.BYTES != 0) {
      throw new IllegalArgumentException(
          "keys has %d bytes, which is not whole 8-byte ids".formatted(keys.byteSize()));
    }
    return keys.byteSize() / Long.BYTES;
  }

  private static void checkRows(MemorySegment rows, long count, int rowBytes) {
    if (rows.byteSize() < Math.multiplyExact(count, rowBytes)) {
      throw new IllegalArgumentException(
          "rows has %d bytes, %d rows of %d bytes need %d"
              .formatted(rows.byteSize(), count, rowBytes, count * rowBytes));
    }
  }
}

package dev.emberkv.engine;

import dev.emberkv.compaction.CorruptionException;
import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.index.KeyHash;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One database of string keys: turns byte arrays into rows of a {@link Keyspace} and back.
 *
 * <p>Every write holds the locks of all its keys from {@link KeyLocks} while it reads, decides and
 * writes, and takes its sequence number under them, so the order of the numbers is that of the
 * writes.
 */
final class StringSpace implements StringKeyspace {
  private static final int FIRST_BATCH = 16;
  private static final int MAX_BATCH = 512;

  private final Tiers tiers;
  private final long hashSeed;
  private final KeyLocks locks;

  /** Set once a key may have a time to live. */
  private final AtomicBoolean expiring;

  private volatile Keyspace keyspace;

  private final FieldTables fields;
  private final FieldReclaimer reclaimer;
  private final HashSpace hashes;

  /** Set by {@link Databases}, which owns the making and dropping of keyspaces. */
  private final Runnable clearer;

  StringSpace(
      Keyspace keyspace,
      long hashSeed,
      Tiers tiers,
      KeyLocks locks,
      AtomicBoolean expiring,
      FieldTables fields,
      FieldReclaimer reclaimer,
      Runnable clearer) {
    this.expiring = expiring;
    this.keyspace = keyspace;
    this.hashSeed = hashSeed;
    this.tiers = tiers;
    this.locks = locks;
    this.fields = fields;
    this.reclaimer = reclaimer;
    this.clearer = clearer;
    HashChanges changes = new HashChanges(tiers, locks, fields, reclaimer, hashSeed);
    this.hashes = new HashSpace(this, tiers, locks, fields, changes, hashSeed);
  }

  /** Replaces all rows; returns the keyspace that had them. */
  Keyspace swap(Keyspace next) {
    Keyspace previous = keyspace;
    keyspace = next;
    return previous;
  }

  Keyspace keyspace() {
    return keyspace;
  }

  // Reading

  @Override
  public byte @Nullable [] get(byte[] key) {
    StringCopy copy = read(key, true);
    if (copy == null) {
      return null;
    }
    requireString(copy.type());
    return copy.value();
  }

  @Override
  public @Nullable StringEntry entry(byte[] key) {
    StringCopy copy = read(key, true);
    return copy == null ? null : copy.entry();
  }

  @Override
  public @Nullable KeyInfo info(byte[] key) {
    StringCopy copy = read(key, false);
    return copy == null ? null : copy.info();
  }

  @Override
  public int valueLength(byte[] key) {
    KeyInfo info = info(key);
    if (info == null) {
      return -1;
    }
    requireString(info.type());
    return info.valueBytes();
  }

  private static void requireString(ValueType type) {
    if (type != ValueType.STRING) {
      throw new WrongTypeException(type);
    }
  }

  @Override
  public int useCount(byte[] key) {
    try (Guard _ = tiers.epoch().enter()) {
      return tiers.evictor().useCount(keyspace, hash(key));
    }
  }

  /** Reads a key; null when it is missing or its time is over. */
  private @Nullable StringCopy read(byte[] key, boolean wantsValue) {
    StringCopy copy = new StringCopy(keyOf(key), wantsValue);
    try (Guard guard = tiers.epoch().enter()) {
      return read(keyspace, copy, guard) ? copy : null;
    }
  }

  /** Reads a key inside the epoch and returns whether it is there. */
  boolean read(Keyspace rows, StringCopy copy, Guard guard) {
    boolean found = new StringLookup(rows, tiers, guard).read(copy);
    if (found && copy.type() == ValueType.HASH_ROWS) {
      FieldTable table = fields.find(copy.value());
      copy.raiseVersion(table == null ? 0 : table.changedAt());
    }
    return found;
  }

  StringCopy copyOf(byte[] key) {
    return new StringCopy(keyOf(key), true);
  }

  @Override
  public int getHot(StringBatch keys, int from, ValueSink sink) {
    try (Guard guard = tiers.epoch().enter()) {
      return new HotStrings(keyspace, guard, keys, sink).run(from, hashSeed);
    }
  }

  @Override
  public byte[] @Nullable [] getAll(byte[][] keys) {
    byte[] @Nullable [] values = new byte[keys.length][];
    readAll(keys, 0, keys.length, values);
    return values;
  }

  @Override
  public int getAll(byte[][] keys, int from, byte[] @Nullable [] values, long maxBytes) {
    int next = from;
    int batch = FIRST_BATCH;
    long bytes = 0;
    while (next < keys.length && bytes < maxBytes) {
      int until = Math.min(keys.length, next + batch);
      long longest = 1;
      readAll(keys, next, until, values);
      for (; next < until; next++) {
        byte[] value = values[next];
        if (value != null) {
          bytes += value.length;
          longest = Math.max(longest, value.length);
        }
      }
      batch = Math.clamp((maxBytes - bytes) / longest, 1, Math.min(2 * batch, MAX_BATCH));
    }
    return next;
  }

  private void readAll(byte[][] keys, int from, int to, byte[] @Nullable [] values) {
    StringCopy[] copies = new StringCopy[to - from];
    for (int i = 0; i < copies.length; i++) {
      copies[i] = new StringCopy(keyOf(keys[from + i]), true);
    }
    try (Guard guard = tiers.epoch().enter()) {
      new StringLookup(keyspace, tiers, guard)
          .readAll(
              copies,
              (i, copy) -> {
                if (copy.type() == ValueType.STRING) {
                  values[from + i] = copy.value();
                }
              });
    }
  }

  @Override
  public long scan(long cursor, int wanted, KeyVisitor visitor) {
    try (Guard _ = tiers.epoch().enter()) {
      return new StringScan(keyspace).run(cursor, wanted, visitor);
    }
  }

  /** Looks at some keys for such whose time to live is over; see {@link StringScan}. */
  long scanExpired(
      StringScan.Tier tier, long cursor, int wanted, ExpiryCount count, KeyVisitor visitor) {
    try (Guard _ = tiers.epoch().enter()) {
      return new StringScan(keyspace).runExpired(tier, cursor, wanted, count, visitor);
    }
  }

  @Override
  public long size() {
    return keyspace.index.size();
  }

  // Writing

  @Override
  public void put(byte[] key, byte[] value) {
    putAll(new byte[][] {key}, new byte[][] {value});
  }

  @Override
  public void putAll(byte[][] keys, byte[][] values) {
    if (keys.length != values.length) {
      throw new IllegalArgumentException(
          "%d keys, but %d values".formatted(keys.length, values.length));
    }
    long bytes = RecordFormat.PAGE_BYTES;
    for (int i = 0; i < keys.length; i++) {
      checkLength("key", keys[i].length, MAX_KEY_BYTES);
      checkLength("value", values[i].length, MAX_VALUE_BYTES);
      bytes += logBytes(keys[i].length, values[i].length);
    }
    beforeWrite();
    long admitted = tiers.space().admit(bytes);
    try {
      writeAll(keys, values);
    } finally {
      tiers.space().done(admitted);
    }
  }

  private void writeAll(byte[][] keys, byte[][] values) {
    long[] hashes = hashesOf(keys);
    try (KeyLocks.Held _ = locks.lockAll(hashes, hashes.length);
        Guard guard = tiers.epoch().enter()) {
      Keyspace rows = keyspace;
      StringProbe probe = guard.strings;
      tiers.write(
          keys.length,
          stamp -> {
            for (int i = 0; i < keys.length; i++) {
              probe.key.of(hashes[i], keys[i], 0, keys[i].length);
              probe.row.of(values[i], 0, values[i].length);
              rows.writer.put(probe.key, probe.row, stamp, new ColdMatches());
            }
          });
    }
    tiers.acknowledge();
  }

  private long[] hashesOf(byte[][] keys) {
    long[] hashes = new long[keys.length];
    for (int i = 0; i < keys.length; i++) {
      hashes[i] = hash(keys[i]);
    }
    return hashes;
  }

  @Override
  public int putAll(StringBatch batch, int from) {
    boolean plenty = tiers.space().isPlenty();
    long bytes = RecordFormat.PAGE_BYTES;
    for (int n = from; n < batch.size(); n++) {
      checkLength("key", batch.keyBytes(n), MAX_KEY_BYTES);
      checkLength("value", batch.valueBytes(n), MAX_VALUE_BYTES);
      bytes += plenty ? 0 : logBytes(batch.keyBytes(n), batch.valueBytes(n));
    }
    int next = from;
    try {
      beforeWrite();
      long admitted = plenty ? 0 : tiers.space().admit(bytes);
      try {
        while (next < batch.size()) {
          next = putChunk(batch, next);
        }
      } finally {
        tiers.space().done(admitted);
      }
    } catch (WouldWaitException e) {
      return next;
    }
    tiers.acknowledge();
    return next;
  }

  private static long logBytes(int keyBytes, int valueBytes) {
    return DiskSpace.logBytes(StringRow.prefixBytes(keyBytes, 0) + valueBytes);
  }

  /** Writes the next keys as one batch; returns the first that is not written. */
  private int putChunk(StringBatch batch, int from) {
    int size = Math.min(StringProbe.CHUNK, batch.size() - from);
    try (Guard guard = tiers.epoch().enter()) {
      Keyspace rows = keyspace;
      StringProbe probe = guard.strings;
      probe.find(rows, batch, from, size, hashSeed);
      int[] written = new int[1];
      try (KeyLocks.Held _ = locks.lockAll(probe.hashes, size)) {
        tiers.write(
            size,
            stamp -> {
              for (int i = 0; i < size; i++) {
                int n = from + i;
                RowKey.Text key = probe.keyOf(batch, n, i);
                probe.row.of(batch.data(), batch.valueOffset(n), batch.valueBytes(n));
                rows.writer.put(key, probe.row, stamp, new ColdMatches());
                written[0]++;
              }
            });
      } catch (WouldWaitException e) {
        if (written[0] == 0) {
          throw e;
        }
      }
      return from + written[0];
    }
  }

  /** A write that is acknowledged when it is on the device always waits. */
  private void beforeWrite() {
    if (tiers.writesThrough()) {
      tiers.waits().beforeWaiting();
    }
  }

  static void checkLength(String what, int bytes, int limit) {
    if (bytes > limit) {
      throw new IllegalArgumentException(
          "a %s has at most %d bytes, not %d".formatted(what, limit, bytes));
    }
  }

  @Override
  public @Nullable StringEntry update(byte[] key, UnaryOperator<@Nullable StringEntry> change) {
    checkLength("key", key.length, MAX_KEY_BYTES);
    beforeWrite();
    Update update = new Update(key, change);
    DiskSpace space = tiers.space();
    long admitted = space.admitDelete(RecordFormat.PAGE_BYTES);
    try {
      while (!update.run(admitted)) {
        // Room for the value is asked for without the lock: others may have to write meanwhile.
        space.done(admitted);
        admitted = 0;
        admitted = space.admit(update.neededBytes);
      }
    } finally {
      space.done(admitted);
    }
    tiers.acknowledge();
    return update.next;
  }

  /** One update of an entry, which starts over when it needs more room than it was let in for. */
  private final class Update {
    private final StringCopy copy;
    private final UnaryOperator<@Nullable StringEntry> change;
    long neededBytes = RecordFormat.PAGE_BYTES;
    @Nullable StringEntry next;

    Update(byte[] key, UnaryOperator<@Nullable StringEntry> change) {
      this.copy = new StringCopy(keyOf(key), true);
      this.change = change;
    }

    /** Reads, decides and writes; false when more room is needed, and then nothing is written. */
    @SuppressWarnings("ReferenceEquality") // What was given back unchanged is not written.
    boolean run(long admitted) {
      ReentrantLock lock = locks.lock(copy.key.header());
      try (Guard guard = tiers.epoch().enter()) {
        Keyspace rows = keyspace;
        StringEntry seen = read(rows, copy, guard) ? copy.entry() : null;
        StringEntry wanted = change.apply(seen);
        next = wanted;
        if (wanted == seen) {
          return true;
        }
        if (wanted == null) {
          var _ = remove(rows, copy.key);
          suspect(seen);
          return true;
        }
        requireSameRows(seen, wanted);
        checkLength("value", wanted.value().length, MAX_VALUE_BYTES);
        long bytes = RecordFormat.PAGE_BYTES + logBytes(copy.key.length(), wanted.value().length);
        if (admitted != 0 && admitted < bytes) {
          neededBytes = bytes;
          return false;
        }
        write(rows, wanted);
        if (wanted.type() != ValueType.HASH_ROWS) {
          suspect(seen);
        }
        return true;
      } finally {
        lock.unlock();
      }
    }

    private void suspect(@Nullable StringEntry superseded) {
      if (superseded != null && superseded.type() == ValueType.HASH_ROWS) {
        reclaimer.suspect(superseded.value());
      }
    }

    /** The rows of a hash are those of one key. */
    private static void requireSameRows(@Nullable StringEntry seen, StringEntry wanted) {
      if (wanted.type() == ValueType.HASH_ROWS
          && (seen == null || !Arrays.equals(seen.value(), wanted.value()))) {
        throw new IllegalArgumentException("the rows of a hash can only be renamed or copied");
      }
    }

    private void write(Keyspace rows, StringEntry entry) {
      if (entry.expiresAtMillis() != StringEntry.NEVER) {
        expiring.setOpaque(true);
      }
      RowSource.Text row =
          new RowSource.Text(copy.key)
              .of(entry.value(), 0, entry.value().length, entry.type(), entry.expiresAtMillis());
      tiers.write(1, stamp -> rows.writer.put(copy.key, row, stamp, new ColdMatches()));
    }
  }

  @Override
  public boolean delete(byte[] key) {
    return deleteAll(new byte[][] {key}) == 1;
  }

  @Override
  public long deleteAll(byte[][] keys) {
    tiers.waits().beforeWaiting();
    long bytes = RecordFormat.PAGE_BYTES;
    for (byte[] key : keys) {
      bytes += logBytes(key.length, 0);
    }
    long admitted = tiers.space().admitDelete(bytes);
    try {
      return removeAll(keys);
    } finally {
      tiers.space().done(admitted);
    }
  }

  private long removeAll(byte[][] keys) {
    long[] hashes = hashesOf(keys);
    long[] deleted = new long[1];
    try (KeyLocks.Held _ = locks.lockAll(hashes, hashes.length);
        Guard guard = tiers.epoch().enter()) {
      Keyspace rows = keyspace;
      tiers.write(
          keys.length,
          stamp -> {
            for (byte[] key : keys) {
              StringCopy copy = new StringCopy(keyOf(key), false);
              boolean found = isThere(rows, copy, guard);
              if (rows.writer.remove(copy.key, stamp, new ColdMatches()) && found) {
                deleted[0]++;
                suspect(copy);
              }
            }
          });
    }
    tiers.acknowledge();
    return deleted[0];
  }

  /** Returns whether a key is there, be it damaged. */
  boolean isThere(Keyspace rows, StringCopy copy, Guard guard) {
    try {
      return read(rows, copy, guard);
    } catch (CorruptionException e) {
      return true; // whoever deletes it need not know what it was
    }
  }

  private void suspect(StringCopy deleted) {
    if (deleted.type() == ValueType.HASH_ROWS) {
      reclaimer.suspect(deleted.value());
    }
  }

  /** Deletes a key if its time to live is over, and returns whether it did. */
  boolean deleteExpired(byte[] key) {
    long admitted = tiers.space().admitDelete(logBytes(key.length, 0));
    try {
      return removeExpired(new StringCopy(keyOf(key), false));
    } finally {
      tiers.space().done(admitted);
    }
  }

  private boolean removeExpired(StringCopy copy) {
    ReentrantLock lock = locks.lock(copy.key.header());
    try (Guard _ = tiers.epoch().enter()) {
      Keyspace rows = keyspace;
      boolean removed =
          rows.read(copy.key, copy) != RowStatus.MISSING
              && copy.isExpired()
              && remove(rows, copy.key);
      if (removed) {
        suspect(copy);
      }
      return removed;
    } finally {
      lock.unlock();
    }
  }

  private boolean remove(Keyspace rows, RowKey.Text key) {
    // The log takes a tombstone after the row is gone from the index: too late to refuse.
    tiers.waits().beforeWaiting();
    boolean[] removed = new boolean[1];
    tiers.write(1, stamp -> removed[0] = rows.writer.remove(key, stamp, new ColdMatches()));
    return removed[0];
  }

  @Override
  public void clear() {
    clearer.run();
  }

  @Override
  public HashKeyspace hashes() {
    return hashes;
  }

  @Override
  public void copy(byte[] key, StringKeyspace target, byte[] targetKey) {
    transfer(target).copy(key, targetKey);
  }

  @Override
  public void rename(byte[] key, StringKeyspace target, byte[] targetKey) {
    transfer(target).rename(key, targetKey);
  }

  private KeyTransfer transfer(StringKeyspace target) {
    if (!(target instanceof StringSpace other) || other.fields != fields) {
      throw new IllegalArgumentException("the target is a database of another store");
    }
    return new KeyTransfer(this, other, tiers, locks, fields, reclaimer, hashSeed);
  }

  private RowKey.Text keyOf(byte[] key) {
    return new RowKey.Text().of(hash(key), key, 0, key.length);
  }

  long hash(byte[] key) {
    return KeyHash.ofBytes(key, hashSeed);
  }
}

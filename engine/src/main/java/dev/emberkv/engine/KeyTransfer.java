package dev.emberkv.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The renaming and copying of keys, within a database or to another one. A renamed hash keeps its
 * rows; a copied one gets rows of its own.
 *
 * <p>Used by one thread.
 */
final class KeyTransfer {
  private static final int CHUNK_FIELDS = 4_096;

  private final StringSpace source;
  private final StringSpace target;
  private final Tiers tiers;
  private final KeyLocks locks;
  private final FieldTables tables;
  private final FieldReclaimer reclaimer;
  private final long hashSeed;
  private final boolean sameDatabase;

  @SuppressWarnings("ReferenceEquality") // A database is one object.
  KeyTransfer(
      StringSpace source,
      StringSpace target,
      Tiers tiers,
      KeyLocks locks,
      FieldTables tables,
      FieldReclaimer reclaimer,
      long hashSeed) {
    this.source = source;
    this.target = target;
    this.tiers = tiers;
    this.locks = locks;
    this.tables = tables;
    this.reclaimer = reclaimer;
    this.hashSeed = hashSeed;
    this.sameDatabase = source == target;
  }

  private static IllegalArgumentException noSuchKey() {
    return new IllegalArgumentException("there is no such key");
  }

  /** Renames a key, both steps in one batch. */
  void rename(byte[] key, byte[] targetKey) {
    StringSpace.checkLength("key", targetKey.length, StringKeyspace.MAX_KEY_BYTES);
    tiers.waits().beforeWaiting();
    if (sameDatabase && Arrays.equals(key, targetKey)) {
      return;
    }
    try (LogRoom room = new LogRoom(tiers.space())) {
      while (!tryRename(key, targetKey, room)) {
        room.enlarge();
      }
    }
    tiers.acknowledge();
  }

  private boolean tryRename(byte[] key, byte[] targetKey, LogRoom room) {
    long[] hashes = {source.hash(key), target.hash(targetKey)};
    try (KeyLocks.Held _ = locks.lockAll(hashes, hashes.length);
        Guard guard = tiers.epoch().enter()) {
      Keyspace rows = source.keyspace();
      Keyspace targetRows = sameDatabase ? rows : target.keyspace();
      StringCopy copy = source.copyOf(key);
      if (!source.read(rows, copy, guard)) {
        throw noSuchKey();
      }
      long bytes =
          HashChanges.logBytes(targetKey.length, copy.value().length)
              + HashChanges.logBytes(key.length, 0)
              + FieldTables.logBytes(targetKey.length);
      if (!room.has(bytes)) {
        return false;
      }
      StringCopy replaced = target.copyOf(targetKey);
      boolean replaces = target.isThere(targetRows, replaced, guard);
      FieldTable table = copy.type() == ValueType.HASH_ROWS ? tables.of(copy.value()) : null;
      tiers.write(
          3,
          stamp -> {
            if (table == null) {
              targetRows.writer.put(
                  replaced.key, rowOf(replaced.key, copy), stamp, new ColdMatches());
            } else {
              tables.writeHeader(
                  table, replaced.key, copy.expiresAtMillis(), targetRows, targetKey, stamp);
            }
            var _ = rows.writer.remove(copy.key, stamp, new ColdMatches());
          });
      if (table != null) {
        table.owner(new FieldTable.Owner(targetRows, targetKey));
      }
      if (replaces && replaced.type() == ValueType.HASH_ROWS) {
        reclaimer.suspect(replaced.value());
      }
      return true;
    }
  }

  private static RowSource.Text rowOf(RowKey.Text key, StringCopy copy) {
    byte[] value = copy.value();
    return new RowSource.Text(key).of(value, 0, value.length, copy.type(), copy.expiresAtMillis());
  }

  /** Copies a key. */
  void copy(byte[] key, byte[] targetKey) {
    StringSpace.checkLength("key", targetKey.length, StringKeyspace.MAX_KEY_BYTES);
    tiers.waits().beforeWaiting();
    StringCopy copy = source.copyOf(key);
    FieldTable table = retain(copy);
    if (table == null) {
      StringEntry entry = copy.entry();
      var _ = target.update(targetKey, seen -> entry);
      return;
    }
    FieldTable fresh = tables.create();
    try {
      copyFields(table, fresh);
      own(fresh, targetKey, copy.expiresAtMillis());
    } finally {
      table.release();
      if (fresh.owner() == null) {
        reclaimer.discard(fresh);
      }
    }
    tiers.acknowledge();
  }

  /** Reads a key; returns the table of a hash with rows, which the caller releases. */
  private @Nullable FieldTable retain(StringCopy copy) {
    try (Guard guard = tiers.epoch().enter()) {
      if (!source.read(source.keyspace(), copy, guard)) {
        throw noSuchKey();
      }
      if (copy.type() != ValueType.HASH_ROWS) {
        return null;
      }
      FieldTable table = tables.of(copy.value());
      table.retain();
      return table;
    }
  }

  private void copyFields(FieldTable table, FieldTable fresh) {
    long cursor = 0;
    do {
      List<byte[]> names = new ArrayList<>();
      List<byte[]> values = new ArrayList<>();
      try (Guard guard = tiers.epoch().enter()) {
        cursor =
            new FieldReads(table, tiers, guard, hashSeed)
                .scan(
                    cursor,
                    CHUNK_FIELDS,
                    (field, value) -> {
                      names.add(field);
                      values.add(value);
                    });
      }
      put(fresh, StringBatch.copyOf(names, values));
    } while (cursor != 0);
  }

  private void put(FieldTable fresh, StringBatch fields) {
    long admitted = tiers.space().admit(HashChanges.logBytes(fields));
    try (Guard guard = tiers.epoch().enter()) {
      tiers.write(
          Math.max(2, fields.size()),
          stamp -> new FieldBatch(fresh, tiers, guard, fields, hashSeed).put(stamp));
    } finally {
      tiers.space().done(admitted);
    }
  }

  /** Makes the fields those of a key. */
  private void own(FieldTable fresh, byte[] targetKey, long expiresAtMillis) {
    long admitted = tiers.space().admit(FieldTables.logBytes(targetKey.length));
    StringCopy replaced = target.copyOf(targetKey);
    ReentrantLock lock = locks.lock(replaced.key.header());
    try (Guard guard = tiers.epoch().enter()) {
      Keyspace rows = target.keyspace();
      boolean replaces = target.isThere(rows, replaced, guard);
      fresh.owner(new FieldTable.Owner(rows, targetKey));
      tiers.write(
          2,
          stamp ->
              tables.writeHeader(fresh, replaced.key, expiresAtMillis, rows, targetKey, stamp));
      if (replaces && replaced.type() == ValueType.HASH_ROWS) {
        reclaimer.suspect(replaced.value());
      }
    } finally {
      lock.unlock();
      tiers.space().done(admitted);
    }
  }
}

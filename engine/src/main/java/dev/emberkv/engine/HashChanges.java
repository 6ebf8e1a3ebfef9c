package dev.emberkv.engine;

import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The changes of hashes: decides in which form a hash is kept, and writes it.
 *
 * <p>Thread-safe. A change is made under the lock of the hash's key, as one batch.
 */
final class HashChanges {
  private final Tiers tiers;
  private final KeyLocks locks;
  private final FieldTables tables;
  private final FieldReclaimer reclaimer;
  private final long hashSeed;

  HashChanges(
      Tiers tiers, KeyLocks locks, FieldTables tables, FieldReclaimer reclaimer, long hashSeed) {
    this.tiers = tiers;
    this.locks = locks;
    this.tables = tables;
    this.reclaimer = reclaimer;
    this.hashSeed = hashSeed;
  }

  /** Says what is to be written, with a look at what is there; called under the lock. */
  @FunctionalInterface
  interface Decision {
    /** Returns the fields to write, or null to leave the hash as it is. */
    @Nullable StringBatch fields(Present present);
  }

  /** The fields that a hash has before a change. */
  @FunctionalInterface
  interface Present {
    byte @Nullable [] get(byte[] field);
  }

  /** Writes fields and returns how many of them are new. */
  int put(StringSpace strings, byte[] key, Decision decision) {
    Put put = new Put(strings, key, decision);
    put.run();
    return put.added;
  }

  /** Deletes fields and returns how many there were. */
  int delete(StringSpace strings, byte[] key, StringBatch fields) {
    Delete delete = new Delete(strings, key, fields);
    delete.run();
    return delete.deleted;
  }

  static long logBytes(StringBatch fields) {
    long bytes = 0;
    for (int n = 0; n < fields.size(); n++) {
      bytes += logBytes(fields.keyBytes(n), fields.valueBytes(n));
    }
    return bytes;
  }

  static long logBytes(int keyBytes, int valueBytes) {
    return DiskSpace.logBytes(StringRow.prefixBytes(keyBytes, 0) + valueBytes);
  }

  /** One change of one hash, which starts over when it lacks room or a table. */
  private abstract class Change {
    final StringSpace strings;
    final byte[] key;
    final LogRoom room = new LogRoom(tiers.space());

    Change(StringSpace strings, byte[] key) {
      this.strings = strings;
      this.key = key;
    }

    /**
     * Makes the change if it has what that takes; under the lock.
     *
     * @param hash the fields, where they are one value; none where there is no such key
     * @param table the fields, where they are rows
     */
    abstract boolean make(
        Keyspace rows, StringCopy copy, HashValue hash, @Nullable FieldTable table, Guard guard);

    /** Gets what was missing, without the lock. */
    abstract void prepare();

    void run() {
      try (room) {
        if (tiers.writesThrough()) {
          tiers.waits().beforeWaiting();
        }
        while (!attempt()) {
          prepare();
        }
      }
      tiers.acknowledge();
    }

    private boolean attempt() {
      StringCopy copy = strings.copyOf(key);
      ReentrantLock lock = locks.lock(copy.key.header());
      try (Guard guard = tiers.epoch().enter()) {
        Keyspace rows = strings.keyspace();
        boolean found = strings.read(rows, copy, guard);
        HashValue hash = new HashValue(null);
        FieldTable table = null;
        if (found) {
          switch (copy.type()) {
            case STRING -> throw new WrongTypeException(copy.type());
            case HASH -> hash = new HashValue(copy.value());
            case HASH_ROWS -> table = tables.of(copy.value());
          }
        }
        if (!found) {
          copy.forget();
        }
        return make(rows, copy, hash, table, guard);
      } finally {
        lock.unlock();
      }
    }

    /** Writes a hash that is one value, or that it is gone; false when there is no room. */
    boolean writeValue(Keyspace rows, StringCopy copy, HashValue hash) {
      if (hash.count() == 0) {
        tiers.waits().beforeWaiting();
        tiers.write(
            1,
            stamp -> {
              var _ = rows.writer.remove(copy.key, stamp, new ColdMatches());
            });
        return true;
      }
      StringSpace.checkLength("hash in one value", hash.bytes(), StringKeyspace.MAX_VALUE_BYTES);
      if (!room.has(logBytes(key.length, hash.bytes()))) {
        return false;
      }
      byte[] value = hash.encode();
      RowSource.Text row =
          new RowSource.Text(copy.key)
              .of(value, 0, value.length, ValueType.HASH, copy.expiresAtMillis());
      tiers.write(1, stamp -> rows.writer.put(copy.key, row, stamp, new ColdMatches()));
      return true;
    }
  }

  private final class Put extends Change {
    private final Decision decision;
    private @Nullable FieldTable spare;
    private boolean needsTable;
    int added;

    Put(StringSpace strings, byte[] key, Decision decision) {
      super(strings, key);
      this.decision = decision;
    }

    @Override
    void run() {
      try {
        super.run();
      } finally {
        if (spare != null) {
          reclaimer.discard(spare);
        }
      }
    }

    @Override
    void prepare() {
      if (needsTable && spare == null) {
        spare = tables.create();
      }
      room.enlarge();
    }

    @Override
    boolean make(
        Keyspace rows, StringCopy copy, HashValue hash, @Nullable FieldTable table, Guard guard) {
      StringBatch fields =
          decision.fields(
              table == null ? hash::get : new FieldReads(table, tiers, guard, hashSeed)::get);
      if (fields == null) {
        return true;
      }
      if (table != null) {
        return putRows(table, fields, guard);
      }
      long grown = hash.bytes();
      for (int n = 0; n < fields.size(); n++) {
        grown += HashValue.ENTRY_BYTES + (long) fields.keyBytes(n) + fields.valueBytes(n);
      }
      needsTable = grown > HashKeyspace.MAX_INLINE_BYTES && (spare != null || tables.mayGrow());
      return needsTable
          ? convert(rows, copy, hash, fields, guard)
          : putInline(rows, copy, hash, fields);
    }

    private boolean putRows(FieldTable table, StringBatch fields, Guard guard) {
      if (!room.has(logBytes(fields))) {
        return false;
      }
      boolean several = fields.size() > 1;
      if (several) {
        tiers.waits().beforeWaiting();
        table.beginChange();
      }
      long before = table.size();
      long[] sequence = {table.changedAt()};
      try {
        tiers.write(
            fields.size(),
            stamp -> {
              sequence[0] = stamp.sequence();
              new FieldBatch(table, tiers, guard, fields, hashSeed).put(stamp);
            });
      } finally {
        if (several) {
          table.endChange(sequence[0]);
        } else {
          table.noteChange(sequence[0]);
        }
      }
      added = (int) (table.size() - before);
      return true;
    }

    /** Makes rows of all fields; readers find them when the header is there, the last to come. */
    private boolean convert(
        Keyspace rows, StringCopy copy, HashValue hash, StringBatch fields, Guard guard) {
      FieldTable table = spare;
      StringBatch there = hash.fields();
      long bytes = logBytes(there) + logBytes(fields) + FieldTables.logBytes(key.length);
      boolean fits = room.has(bytes);
      if (table == null || !fits) {
        return false;
      }
      tiers.waits().beforeWaiting();
      spare = null;
      table.owner(new FieldTable.Owner(rows, key));
      tiers.write(
          there.size() + fields.size() + 2L,
          stamp -> {
            new FieldBatch(table, tiers, guard, there, hashSeed).put(stamp);
            new FieldBatch(table, tiers, guard, fields, hashSeed).put(stamp);
            tables.writeHeader(table, copy.key, copy.expiresAtMillis(), rows, key, stamp);
            table.noteChange(stamp.sequence());
          });
      added = (int) (table.size() - hash.count());
      return true;
    }

    private boolean putInline(Keyspace rows, StringCopy copy, HashValue hash, StringBatch fields) {
      added = 0;
      for (int n = 0; n < fields.size(); n++) {
        added += hash.put(fields.key(n), fields.value(n)) ? 1 : 0;
      }
      return writeValue(rows, copy, hash);
    }
  }

  private final class Delete extends Change {
    private final StringBatch fields;
    int deleted;

    Delete(StringSpace strings, byte[] key, StringBatch fields) {
      super(strings, key);
      this.fields = fields;
    }

    @Override
    void prepare() {
      room.enlargeToDelete();
    }

    @Override
    boolean make(
        Keyspace rows, StringCopy copy, HashValue hash, @Nullable FieldTable table, Guard guard) {
      if (table != null) {
        return deleteRows(rows, copy, table, guard);
      }
      deleted = 0;
      for (int n = 0; n < fields.size(); n++) {
        deleted += hash.remove(fields.key(n)) ? 1 : 0;
      }
      return deleted == 0 || writeValue(rows, copy, hash);
    }

    private boolean deleteRows(Keyspace rows, StringCopy copy, FieldTable table, Guard guard) {
      if (!room.has(logBytes(fields) + logBytes(key.length, 0))) {
        return false;
      }
      tiers.waits().beforeWaiting();
      long[] sequence = {table.changedAt()};
      table.beginChange();
      try {
        tiers.write(
            fields.size() + 1L,
            stamp -> {
              deleted = new FieldBatch(table, tiers, guard, fields, hashSeed).remove(stamp);
              sequence[0] = deleted == 0 ? sequence[0] : stamp.sequence();
              if (table.size() == 0) {
                var _ = rows.writer.remove(copy.key, stamp, new ColdMatches());
              }
            });
      } finally {
        table.endChange(sequence[0]);
      }
      if (table.size() == 0) {
        reclaimer.suspect(copy.value());
      }
      return true;
    }
  }
}

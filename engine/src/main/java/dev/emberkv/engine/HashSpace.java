package dev.emberkv.engine;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The hashes of one database, in both forms; see docs/adr/0012-hashes-with-rows.md. */
final class HashSpace implements HashKeyspace {
  /** How often a read that was overtaken starts over before it takes its turn among the writers. */
  private static final int READ_TRIES = 4;

  private static final int WALK_STEP = 8_192;

  private final StringSpace strings;
  private final Tiers tiers;
  private final KeyLocks locks;
  private final FieldTables tables;
  private final HashChanges changes;
  private final long hashSeed;

  HashSpace(
      StringSpace strings,
      Tiers tiers,
      KeyLocks locks,
      FieldTables tables,
      HashChanges changes,
      long hashSeed) {
    this.strings = strings;
    this.tiers = tiers;
    this.locks = locks;
    this.tables = tables;
    this.changes = changes;
    this.hashSeed = hashSeed;
  }

  // Reading

  /**
   * Reads a hash in the form that it has, without a lock, and when overtaken too often under that
   * of the key. Either function may be called again, and begins anew then.
   *
   * @param several whether what is read is more than one row, which have to be of one time
   * @param ofValue reads a hash that is one value, or has no fields as there is no such key
   */
  private void read(
      byte[] key, boolean several, Consumer<HashValue> ofValue, Consumer<FieldReads> ofRows) {
    for (int i = 0; i < READ_TRIES; i++) {
      try (Guard guard = tiers.epoch().enter()) {
        StringCopy copy = strings.copyOf(key);
        FieldTable table = tableOf(copy, guard);
        if (table == null) {
          ofValue.accept(valueOf(copy));
          return;
        }
        long before = table.changes();
        ofRows.accept(new FieldReads(table, tiers, guard, hashSeed));
        if (several ? table.isUnchanged(before) : table.isBetweenChanges()) {
          return;
        }
      }
      Thread.onSpinWait();
    }
    ReentrantLock lock = locks.lock(strings.hash(key));
    try (Guard guard = tiers.epoch().enter()) {
      StringCopy copy = strings.copyOf(key);
      FieldTable table = tableOf(copy, guard);
      if (table == null) {
        ofValue.accept(valueOf(copy));
      } else {
        ofRows.accept(new FieldReads(table, tiers, guard, hashSeed));
      }
    } finally {
      lock.unlock();
    }
  }

  /** Reads a key; returns the table of its fields, or null when they are one value or missing. */
  private @Nullable FieldTable tableOf(StringCopy copy, Guard guard) {
    if (!strings.read(strings.keyspace(), copy, guard)) {
      copy.forget();
      return null;
    }
    return switch (copy.type()) {
      case STRING -> throw new WrongTypeException(copy.type());
      case HASH -> null;
      case HASH_ROWS -> tables.of(copy.value());
    };
  }

  private static HashValue valueOf(StringCopy copy) {
    return new HashValue(copy.isForgotten() ? null : copy.value());
  }

  @Override
  public byte @Nullable [] get(byte[] key, byte[] field) {
    byte[] @Nullable [] found = new byte[1][];
    read(key, false, hash -> found[0] = hash.get(field), rows -> found[0] = rows.get(field));
    return found[0];
  }

  @Override
  public void getAll(byte[] key, StringBatch fields, ValueSink sink) {
    read(
        key,
        true,
        hash -> {
          sink.startOver();
          hash.getAll(fields, sink);
        },
        rows -> {
          sink.startOver();
          rows.getAll(fields, sink);
        });
  }

  @Override
  public long size(byte[] key) {
    long[] size = new long[1];
    read(key, false, hash -> size[0] = hash.count(), rows -> size[0] = rows.size());
    return size[0];
  }

  @Override
  public @Nullable HashShape shape(byte[] key) {
    @Nullable HashShape[] shape = new HashShape[1];
    read(
        key,
        false,
        hash -> shape[0] = hash.count() == 0 ? null : hash.shape(),
        rows -> shape[0] = rows.shape());
    return shape[0];
  }

  /** Fields that were read, until it is known that they are of one time. */
  private static final class Collected {
    private final List<byte[]> fields = new ArrayList<>();
    private final List<byte[]> values = new ArrayList<>();
    private long next;

    void clear() {
      fields.clear();
      values.clear();
      next = 0;
    }

    void add(byte[] field, byte[] value) {
      fields.add(field);
      values.add(value);
    }

    void showTo(FieldVisitor visitor) {
      for (int i = 0; i < fields.size(); i++) {
        visitor.field(fields.get(i), values.get(i));
      }
    }
  }

  @Override
  public long scan(byte[] key, long cursor, int wanted, FieldVisitor visitor) {
    Collected found = new Collected();
    read(
        key,
        true,
        hash -> {
          found.clear();
          hash.forEachCopy(found::add);
        },
        rows -> {
          found.clear();
          found.next = rows.scan(cursor, wanted, found::add);
        });
    found.showTo(visitor);
    return found.next;
  }

  @Override
  public void sample(byte[] key, int count, boolean distinct, FieldVisitor visitor) {
    Collected found = new Collected();
    read(
        key,
        true,
        hash -> {
          found.clear();
          sampleOf(hash, count, distinct, found);
        },
        rows -> {
          found.clear();
          rows.sample(count, distinct, found::add);
        });
    found.showTo(visitor);
  }

  private static void sampleOf(HashValue hash, int count, boolean distinct, Collected chosen) {
    Collected all = new Collected();
    hash.forEachCopy(all::add);
    ThreadLocalRandom random = ThreadLocalRandom.current();
    List<Integer> order = new ArrayList<>();
    int size = all.fields.size();
    for (int i = 0; i < (distinct || size == 0 ? size : count); i++) {
      order.add(distinct ? i : random.nextInt(size));
    }
    if (distinct) {
      Collections.shuffle(order, random);
    }
    for (int i : order.subList(0, Math.min(count, order.size()))) {
      chosen.add(all.fields.get(i), all.values.get(i));
    }
  }

  @Override
  public void forEach(byte[] key, LongConsumer size, FieldVisitor visitor) {
    FieldTable seen = retainRows(key, size, visitor);
    if (seen == null) {
      return;
    }
    seen.release();
    ReentrantLock lock = locks.lock(strings.hash(key));
    try {
      FieldTable table = retainRows(key, size, visitor);
      if (table != null) {
        size.accept(table.size());
        try {
          walk(table, visitor);
        } finally {
          table.release();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** Visits a hash that is one value; else returns its table, which the caller releases. */
  private @Nullable FieldTable retainRows(byte[] key, LongConsumer size, FieldVisitor visitor) {
    try (Guard guard = tiers.epoch().enter()) {
      StringCopy copy = strings.copyOf(key);
      FieldTable table = tableOf(copy, guard);
      if (table == null) {
        HashValue hash = valueOf(copy);
        size.accept(hash.count());
        hash.forEachCopy(visitor);
        return null;
      }
      tiers.waits().beforeWaiting();
      table.retain();
      return table;
    }
  }

  private void walk(FieldTable table, FieldVisitor visitor) {
    long cursor = 0;
    do {
      Collected some = new Collected();
      try (Guard guard = tiers.epoch().enter()) {
        FieldReads rows = new FieldReads(table, tiers, guard, hashSeed);
        cursor = rows.scan(cursor, WALK_STEP, some::add);
      }
      some.showTo(visitor);
    } while (cursor != 0);
  }

  // Writing

  private static void checkLengths(byte[] key, StringBatch fields) {
    StringSpace.checkLength("key", key.length, StringKeyspace.MAX_KEY_BYTES);
    for (int n = 0; n < fields.size(); n++) {
      StringSpace.checkLength("field", fields.keyBytes(n), MAX_FIELD_BYTES);
      StringSpace.checkLength("value", fields.valueBytes(n), StringKeyspace.MAX_VALUE_BYTES);
    }
  }

  @Override
  public int put(byte[] key, StringBatch fields) {
    checkLengths(key, fields);
    return changes.put(strings, key, present -> fields);
  }

  @Override
  public void update(byte[] key, byte[] field, UnaryOperator<byte @Nullable []> change) {
    var _ =
        changes.put(
            strings,
            key,
            present -> {
              byte[] next = change.apply(present.get(field));
              if (next == null) {
                return null;
              }
              StringBatch one = StringBatch.copyOf(List.of(field), List.of(next));
              checkLengths(key, one);
              return one;
            });
  }

  @Override
  public int delete(byte[] key, byte[][] fields) {
    byte[] empty = {};
    List<byte[]> names = List.of(fields);
    return changes.delete(
        strings, key, StringBatch.copyOf(names, Collections.nCopies(names.size(), empty)));
  }
}

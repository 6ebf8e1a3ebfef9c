package dev.emberkv.engine;

import dev.emberkv.index.KeyHash;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The hashes of a store whose fields are rows: which there are, and which key owns each.
 *
 * <p>A hash is alive as long as its owner's header names it, whatever became of the key otherwise.
 * So nothing has to be done about the fields where a key is overwritten, expires or is flushed away
 * with its database: {@link FieldReclaimer} looks at the owners and drops what is no longer named.
 * For that to go on after a restart, the owners are rows themselves, in a keyspace of their own:
 * the key is the incarnation, the value {@code u16} id of the database's keyspace and the owner's
 * key. They are written in the batch that writes the header.
 *
 * <p>Thread-safe.
 */
final class FieldTables {
  private static final int MAX_KEYSPACES = 1 << 16;

  private final Tiers tiers;
  private final long hashSeed;
  private final Databases.Keyspaces keyspaces;
  private final AtomicReferenceArray<@Nullable FieldTable> byKeyspace =
      new AtomicReferenceArray<>(MAX_KEYSPACES);
  private final AtomicInteger count = new AtomicInteger();

  /** Owners of hashes that were dropped; filled by a start, emptied by {@link #forgetStale}. */
  private final List<Long> stale = new ArrayList<>();

  /** Made with the first hash; written under this object's monitor. */
  private volatile @Nullable Keyspace owners;

  FieldTables(Tiers tiers, long hashSeed, Databases.Keyspaces keyspaces) {
    this.tiers = tiers;
    this.hashSeed = hashSeed;
    this.keyspaces = keyspaces;
  }

  // Finding

  /** Returns the table that a header names; null when the header was superseded long ago. */
  @Nullable FieldTable find(byte[] header) {
    FieldTable table = byKeyspace.get(FieldTable.keyspaceOf(header));
    return table != null && table.isNamedBy(header) ? table : null;
  }

  /**
   * Returns the table that a key's header names.
   *
   * @throws IllegalStateException when there is none, since its definition was damaged in the log
   */
  FieldTable of(byte[] header) {
    FieldTable table = find(header);
    if (table == null) {
      throw new IllegalStateException(
          "the fields of a hash are lost: the log has no keyspace %d for it"
              .formatted(FieldTable.keyspaceOf(header)));
    }
    return table;
  }

  /** Returns all tables. */
  List<FieldTable> all() {
    List<FieldTable> tables = new ArrayList<>();
    for (int id = 0; count.get() > 0 && id < MAX_KEYSPACES; id++) {
      FieldTable table = byKeyspace.get(id);
      if (table != null) {
        tables.add(table);
      }
    }
    return tables;
  }

  /** Returns how many there are. */
  int count() {
    return count.get();
  }

  /** Returns whether another hash can have rows. */
  boolean mayGrow() {
    return count.get() < HashKeyspace.MAX_HASHES_WITH_ROWS;
  }

  /** Returns the number of fields of all hashes. */
  long size() {
    long sum = 0;
    for (FieldTable table : all()) {
      sum += table.size();
    }
    return sum;
  }

  // Making and dropping

  /** Makes a table without an owner; outside of the epoch and of all locks. */
  FieldTable create() {
    tiers.waits().beforeWaiting();
    needOwners();
    long incarnation = tiers.clock().next();
    byte[] definition = StringsDefinition.ofFields(incarnation).encode();
    FieldTable table = new FieldTable(keyspaces.prepare(definition), incarnation);
    add(table);
    return table;
  }

  private synchronized void needOwners() {
    if (owners == null) {
      owners = keyspaces.prepare(StringsDefinition.ofOwners().encode());
    }
  }

  private void add(FieldTable table) {
    byKeyspace.set(table.rows.id, table);
    count.incrementAndGet();
  }

  /** Drops a table that no header names and no operation uses. */
  void drop(FieldTable table) {
    forgetOwner(table.incarnation);
    byKeyspace.set(table.rows.id, null);
    count.decrementAndGet();
    keyspaces.drop(table.rows);
  }

  // Owners

  /**
   * Writes a key's header and that the key is the owner, as a part of a batch.
   *
   * @param rows of the key's database
   */
  void writeHeader(
      FieldTable table,
      RowKey.Text key,
      long expiresAtMillis,
      Keyspace rows,
      byte[] ownerKey,
      Stamp stamp) {
    writeOwner(table, new FieldTable.Owner(rows, ownerKey), stamp);
    byte[] header = table.header();
    RowSource.Text row =
        new RowSource.Text(key).of(header, 0, header.length, ValueType.HASH_ROWS, expiresAtMillis);
    rows.writer.put(key, row, stamp, new ColdMatches());
  }

  private void writeOwner(FieldTable table, FieldTable.Owner owner, Stamp stamp) {
    byte[] value =
        ByteBuffer.allocate(Short.BYTES + owner.key().length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putShort((short) owner.keyspace().id)
            .put(owner.key())
            .array();
    RowKey.Text key = keyOf(table.incarnation);
    RowSource.Text row = new RowSource.Text(key).of(value, 0, value.length);
    ownersThere().writer.put(key, row, stamp, new ColdMatches());
  }

  /** Returns what {@link #writeHeader} takes of the log at most. */
  static long logBytes(int keyBytes) {
    return HashChanges.logBytes(Long.BYTES, Short.BYTES + keyBytes)
        + HashChanges.logBytes(keyBytes, FieldTable.HEADER_BYTES);
  }

  private void forgetOwner(long incarnation) {
    long admitted = tiers.space().admitDelete(logBytes(0));
    try (Guard _ = tiers.epoch().enter()) {
      tiers.write(
          1,
          stamp -> {
            var _ = ownersThere().writer.remove(keyOf(incarnation), stamp, new ColdMatches());
          });
    } finally {
      tiers.space().done(admitted);
    }
  }

  private Keyspace ownersThere() {
    Keyspace there = owners;
    if (there == null) {
      throw new IllegalStateException("hashes with rows, but no keyspace of their owners");
    }
    return there;
  }

  private RowKey.Text keyOf(long incarnation) {
    byte[] key =
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(incarnation).array();
    return new RowKey.Text().of(KeyHash.ofBytes(key, hashSeed), key, 0, key.length);
  }

  // Opening

  /** Takes a keyspace that a start has found. */
  void adopt(Keyspace keyspace, StringsDefinition definition) {
    if (definition.database() == StringsDefinition.FIELDS) {
      add(new FieldTable(keyspace, definition.incarnation()));
    } else {
      owners = keyspace;
    }
  }

  /**
   * Gives the tables that a start has found their owners; those without one were being made or
   * dropped when the process ended. Before other threads come.
   */
  void settle() {
    Keyspace there = owners;
    if (there != null) {
      findOwners(there);
    }
    for (FieldTable table : all()) {
      if (table.owner() == null) {
        table.disown();
      }
    }
  }

  private void findOwners(Keyspace there) {
    Map<Long, FieldTable> byIncarnation = new HashMap<>();
    all().forEach(table -> byIncarnation.put(table.incarnation, table));
    long cursor = 0;
    do {
      try (Guard _ = tiers.epoch().enter()) {
        cursor =
            StringScan.fields(
                there,
                cursor,
                1024,
                (key, value) -> {
                  long incarnation = ByteBuffer.wrap(key).order(ByteOrder.LITTLE_ENDIAN).getLong();
                  FieldTable table = byIncarnation.get(incarnation);
                  if (table == null) {
                    stale.add(incarnation);
                  } else {
                    adoptOwner(table, ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN));
                  }
                });
      }
    } while (cursor != 0);
  }

  /** Deletes what a start has found of owners whose hashes are gone. */
  void forgetStale() {
    stale.forEach(this::forgetOwner);
    stale.clear();
  }

  private void adoptOwner(FieldTable table, ByteBuffer value) {
    Keyspace keyspace = keyspaces.byId(Short.toUnsignedInt(value.getShort()));
    if (keyspace != null) {
      byte[] key = new byte[value.remaining()];
      value.get(key);
      table.owner(new FieldTable.Owner(keyspace, key));
    }
  }
}

package dev.emberkv.engine;

import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.index.KeyHash;
import dev.emberkv.index.Location;
import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The string keys: turns byte arrays into rows of a {@link Keyspace} and back. */
final class StringSpace implements StringKeyspace {
  private final Tiers tiers;
  private final long hashSeed;
  private volatile Keyspace keyspace;

  /** Set by {@link EmberStore}, which owns the making and dropping of keyspaces. */
  private final Runnable clearer;

  StringSpace(Keyspace keyspace, long hashSeed, Tiers tiers, Runnable clearer) {
    this.keyspace = keyspace;
    this.hashSeed = hashSeed;
    this.tiers = tiers;
    this.clearer = clearer;
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

  @Override
  public byte @Nullable [] get(byte[] key) {
    ValueCopy copy = new ValueCopy(keyOf(key));
    try (Guard guard = tiers.epoch().enter()) {
      byte status = keyspace.read(copy.key, copy);
      guard.count(status, 1);
      return status == RowStatus.MISSING ? null : copy.value;
    }
  }

  @Override
  public byte[] @Nullable [] getAll(byte[][] keys) {
    byte[] @Nullable [] values = new byte[keys.length][];
    ValueCopy[] copies = new ValueCopy[keys.length];
    for (int i = 0; i < keys.length; i++) {
      copies[i] = new ValueCopy(keyOf(keys[i]));
    }
    try (Guard guard = tiers.epoch().enter()) {
      for (int i : readColdTogether(copies, guard)) {
        byte status = keyspace.read(copies[i].key, copies[i]);
        guard.count(status, 1);
        if (status == RowStatus.MISSING) {
          copies[i].value = null;
        }
      }
    }
    for (int i = 0; i < keys.length; i++) {
      values[i] = copies[i].value;
    }
    return values;
  }

  /**
   * Reads the values that are on the device in one batch; returns the keys that are left to read.
   */
  private List<Integer> readColdTogether(ValueCopy[] copies, Guard guard) {
    Keyspace rows = keyspace;
    List<Integer> left = new ArrayList<>();
    RecordReader reader = null;
    try {
      for (int i = 0; i < copies.length; i++) {
        long location = rows.index.lookup(copies[i].key.header());
        if (location == Location.NONE || Location.isDram(location)) {
          left.add(i);
          continue;
        }
        if (reader == null) {
          reader = tiers.readers().borrow();
        }
        reader.add(location, i);
      }
      if (reader != null) {
        reader.run(
            Slot.HEADER_BYTES,
            (i, location, address, payloadBytes) -> {
              ValueCopy copy = copies[i];
              if (!rows.owns(address, payloadBytes, copy.key)) {
                left.add(i);
                return;
              }
              copy.accept(Slot.payload(address), payloadBytes);
              guard.count(RowStatus.COLD, 1);
              rows.admit(copy.key.header(), location, address, payloadBytes);
            });
      }
    } finally {
      if (reader != null) {
        reader.close();
      }
    }
    return left;
  }

  @Override
  public int valueLength(byte[] key) {
    RowKey.Text text = keyOf(key);
    int[] length = {-1};
    try (Guard _ = tiers.epoch().enter()) {
      byte status =
          keyspace.read(
              text, (payload, payloadBytes) -> length[0] = payloadBytes - text.prefixBytes());
      return status == RowStatus.MISSING ? -1 : length[0];
    }
  }

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
      checkLength("key", keys[i], MAX_KEY_BYTES);
      checkLength("value", values[i], MAX_VALUE_BYTES);
      bytes += DiskSpace.logBytes(RowKey.Text.LENGTH_BYTES + keys[i].length + values[i].length);
    }
    long admitted = tiers.space().admit(bytes);
    try {
      writeAll(keys, values);
    } finally {
      tiers.space().done(admitted);
    }
  }

  private void writeAll(byte[][] keys, byte[][] values) {
    try (Guard _ = tiers.epoch().enter()) {
      Keyspace rows = keyspace;
      tiers.write(
          keys.length,
          stamp -> {
            for (int i = 0; i < keys.length; i++) {
              RowKey.Text key = keyOf(keys[i]);
              rows.put(key, new RowSource.Text(key, values[i]), stamp, new ColdMatches());
            }
          });
    }
    tiers.acknowledge();
  }

  private static void checkLength(String what, byte[] bytes, int limit) {
    if (bytes.length > limit) {
      throw new IllegalArgumentException(
          "a %s has at most %d bytes, not %d".formatted(what, limit, bytes.length));
    }
  }

  @Override
  public boolean delete(byte[] key) {
    boolean[] deleted = new boolean[1];
    long bytes = DiskSpace.logBytes(RowKey.Text.LENGTH_BYTES + key.length);
    long admitted = tiers.space().admitDelete(bytes);
    try {
      try (Guard _ = tiers.epoch().enter()) {
        Keyspace rows = keyspace;
        tiers.write(1, stamp -> deleted[0] = rows.remove(keyOf(key), stamp, new ColdMatches()));
      }
      tiers.acknowledge();
    } finally {
      tiers.space().done(admitted);
    }
    return deleted[0];
  }

  @Override
  public long size() {
    return keyspace.index.size();
  }

  @Override
  public void clear() {
    clearer.run();
  }

  private RowKey.Text keyOf(byte[] key) {
    return new RowKey.Text(KeyHash.ofBytes(key, hashSeed), key);
  }

  /** Copies a value out of the row that holds it. */
  private static final class ValueCopy implements RowReader {
    final RowKey.Text key;
    byte @Nullable [] value;

    ValueCopy(RowKey.Text key) {
      this.key = key;
    }

    @Override
    public void accept(long payload, int payloadBytes) {
      byte[] copy = new byte[payloadBytes - key.prefixBytes()];
      RawMemory.copy(payload + key.prefixBytes(), MemorySegment.ofArray(copy), 0, copy.length);
      value = copy;
    }
  }
}

package dev.emberkv.engine;

import dev.emberkv.index.HashIndex;
import dev.emberkv.index.Location;
import dev.emberkv.uring.RawMemory;

/**
 * The read of neighbouring string keys that are in DRAM: values go from the slot to where they are
 * wanted in one copy, and nothing waits.
 *
 * <p>Used by one thread, inside the store's {@link Epoch}.
 */
final class HotStrings {
  private static final int DONE = 0;
  private static final int RACED = 1;
  private static final int COLD = 2;

  private final Keyspace keyspace;
  private final Guard guard;
  private final StringProbe probe;
  private final StringBatch keys;
  private final ValueSink sink;
  private int hits;
  private int misses;

  HotStrings(Keyspace keyspace, Guard guard, StringBatch keys, ValueSink sink) {
    this.keyspace = keyspace;
    this.guard = guard;
    this.probe = guard.strings;
    this.keys = keys;
    this.sink = sink;
  }

  /** Answers keys from {@code from} on; returns the first that is not in DRAM, or not wanted. */
  int run(int from, long hashSeed) {
    int next = from;
    boolean more = true;
    while (more && next < keys.size()) {
      int size = Math.min(StringProbe.CHUNK, keys.size() - next);
      probe.find(keyspace, keys, next, size, hashSeed);
      for (int i = 0; more && i < size; i++) {
        more = (next == from || sink.wantsMore()) && answer(next, i);
        next += more ? 1 : 0;
      }
    }
    guard.count(RowStatus.HOT, hits);
    guard.count(RowStatus.MISSING, misses);
    return next;
  }

  /** Answers a key; false when it is not in DRAM. */
  private boolean answer(int n, int i) {
    RowKey.Text key = probe.keyOf(keys, n, i);
    long slot = probe.slots[i];
    if (slot != 0 && copy(n, key, slot, probe.homes[i], probe.headers[i]) == DONE) {
      return true;
    }
    int outcome = RACED;
    while (outcome == RACED) {
      outcome = search(n, key, probe.hashes[i]);
    }
    return outcome == DONE;
  }

  /** Goes through all entries with the key's tag. */
  private int search(int n, RowKey.Text key, long hash) {
    HashIndex index = keyspace.index;
    long home = index.home(hash);
    long header = HashIndex.version(home);
    if (header == HashIndex.MOVED) {
      return RACED;
    }
    for (long location = index.find(home, header, hash);
        location != Location.NONE;
        location = index.findNext(home, header, hash, location)) {
      if (!Location.isDram(location)) {
        return COLD;
      }
      long slot = keyspace.slotAddress(location);
      if (copy(n, key, slot, home, header) == DONE) {
        return DONE;
      }
    }
    if (!HashIndex.unchanged(home, header)) {
      return RACED;
    }
    misses++;
    sink.missing(n);
    return DONE;
  }

  /** Hands the value of a slot over, if the slot is the key's and stays so meanwhile. */
  private int copy(int n, RowKey.Text key, long slot, long home, long header) {
    int payloadBytes = Slot.payloadBytes(Slot.state(slot));
    if (payloadBytes > Keyspace.MAX_SLOT_PAYLOAD_BYTES || !keyspace.owns(slot, payloadBytes, key)) {
      return RACED;
    }
    long payload = Slot.payload(slot);
    long expiresAt = StringRow.expiresAtMillis(payload, key.length());
    ValueType type = StringRow.type(payload);
    int prefix = StringRow.prefixBytes(key.length(), expiresAt);
    int valueBytes = payloadBytes - prefix;
    boolean expired = expiresAt != StringEntry.NEVER && expiresAt <= System.currentTimeMillis();
    if (valueBytes < 0) {
      return RACED;
    }
    if (!expired && type == ValueType.STRING) {
      long at = sink.begin(n, valueBytes);
      RawMemory.copy(payload + prefix, sink.segment(), at, valueBytes);
    }
    if (!HashIndex.unchanged(home, header)) {
      return RACED;
    }
    if (expired) {
      misses++;
      sink.missing(n);
      return DONE;
    }
    keyspace.tiers.slabs().touch(slot);
    hits++;
    if (type != ValueType.STRING) {
      sink.wrongType(n, type);
    }
    return DONE;
  }
}

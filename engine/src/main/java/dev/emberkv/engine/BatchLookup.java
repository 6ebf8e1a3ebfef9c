package dev.emberkv.engine;

import dev.emberkv.index.HashIndex;
import dev.emberkv.index.Location;
import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The lookup of a batch of ids in one table, in phases, so that cache misses of different keys
 * overlap: touch all buckets, then find all entries and touch their rows, then compare and copy.
 * Rows on the device are read afterwards, all in one go.
 *
 * <p>Not thread-safe; one per call.
 */
final class BatchLookup {
  private static final int CHUNK = 256;
  private static final long RACED = Location.NONE - 1;

  private final Keyspace keyspace;
  private final Tiers tiers;
  private final RowInitializer initializer;
  private final int rowBytes;
  private final MemorySegment keys;
  private final MemorySegment rows;
  private final MemorySegment statuses;
  private final boolean wantsStatuses;

  private final long[] ids = new long[CHUNK];
  private final long[] hashes = new long[CHUNK];
  private final long[] homes = new long[CHUNK];
  private final long[] headers = new long[CHUNK];
  private final long[] locations = new long[CHUNK];

  private final RowKey.Id key = new RowKey.Id();
  private int[] coldOrdinals = {};
  private long[] coldLocations = {};
  private int coldCount;
  private int[] retries = {};
  private int retryCount;
  private long lastAdmitted = Location.NONE;

  private long hits;
  private long coldHits;
  private long misses;

  /** Keeps the touching loads alive: the compiler must not drop what has no other effect. */
  @SuppressWarnings("UnusedVariable")
  private long touched;

  BatchLookup(
      Keyspace keyspace,
      Tiers tiers,
      RowInitializer initializer,
      MemorySegment keys,
      MemorySegment rows,
      MemorySegment statuses) {
    this.keyspace = keyspace;
    this.tiers = tiers;
    this.initializer = initializer;
    this.rowBytes = initializer.rowBytes();
    this.keys = keys;
    this.rows = rows;
    this.statuses = statuses;
    this.wantsStatuses = statuses.byteSize() > 0;
  }

  /** Looks up {@code count} keys from the {@code first} on. */
  void run(int first, int count) {
    int end = first + count;
    for (int base = first; base < end; base += CHUNK) {
      int size = Math.min(CHUNK, end - base);
      touchBuckets(base, size);
      findEntries(size);
      copyRows(base, size);
    }
    if (coldCount > 0) {
      readCold();
    }
    for (int i = 0; i < retryCount; i++) {
      readAlone(retries[i]);
    }
    tiers.counters().hits.add(hits);
    tiers.counters().coldHits.add(coldHits);
    tiers.counters().misses.add(misses);
  }

  private void touchBuckets(int base, int size) {
    HashIndex index = keyspace.index;
    long sum = 0;
    for (int i = 0; i < size; i++) {
      long id = idAt(base + i);
      long hash = keyspace.hash(id);
      long home = index.home(hash);
      ids[i] = id;
      hashes[i] = hash;
      homes[i] = home;
      sum += RawMemory.getLong(home);
    }
    touched += sum;
  }

  private void findEntries(int size) {
    HashIndex index = keyspace.index;
    long sum = 0;
    for (int i = 0; i < size; i++) {
      long header = HashIndex.version(homes[i]);
      headers[i] = header;
      if (header == HashIndex.MOVED) {
        locations[i] = RACED;
        continue;
      }
      long location = index.find(homes[i], header, hashes[i]);
      locations[i] = location;
      if (location >= 0 && Location.isDram(location)) {
        sum += Slot.key(keyspace.slotAddress(location));
      }
    }
    touched += sum;
  }

  private void copyRows(int base, int size) {
    for (int i = 0; i < size; i++) {
      int ordinal = base + i;
      long location = locations[i];
      if (location >= 0 && !Location.isDram(location)) {
        addCold(ordinal, location);
      } else if (location == Location.NONE) {
        if (HashIndex.unchanged(homes[i], headers[i])) {
          finish(ordinal, RowStatus.MISSING);
        } else {
          readAlone(ordinal);
        }
      } else if (location == RACED || !copyHot(i, ordinal, keyspace.slotAddress(location))) {
        readAlone(ordinal);
      }
    }
  }

  private boolean copyHot(int i, int ordinal, long slot) {
    if (Slot.key(slot) != ids[i] || Slot.table(slot) != keyspace.id) {
      return false;
    }
    RawMemory.copy(Slot.payload(slot), rows, (long) ordinal * rowBytes, rowBytes);
    if (!HashIndex.unchanged(homes[i], headers[i])) {
      return false;
    }
    tiers.slabs().touch(slot);
    finish(ordinal, RowStatus.HOT);
    return true;
  }

  private void finish(int ordinal, byte status) {
    switch (status) {
      case RowStatus.HOT -> hits++;
      case RowStatus.COLD -> coldHits++;
      default -> {
        misses++;
        initializer.write(idAt(ordinal), rows, (long) ordinal * rowBytes);
      }
    }
    if (wantsStatuses) {
      statuses.set(ValueLayout.JAVA_BYTE, ordinal, status);
    }
  }

  private long idAt(int ordinal) {
    return keys.get(ValueLayout.JAVA_LONG_UNALIGNED, (long) ordinal * Long.BYTES);
  }

  /** Looks one key up without the others: after a race, or when a tag was another key's. */
  private void readAlone(int ordinal) {
    byte status =
        keyspace.read(
            key.of(idAt(ordinal)),
            (payload, payloadBytes) ->
                RawMemory.copy(payload, rows, (long) ordinal * rowBytes, rowBytes));
    finish(ordinal, status);
  }

  private void addCold(int ordinal, long location) {
    if (coldCount == coldOrdinals.length) {
      int capacity = Math.max(CHUNK, coldCount * 2);
      coldOrdinals = Arrays.copyOf(coldOrdinals, capacity);
      coldLocations = Arrays.copyOf(coldLocations, capacity);
    }
    coldOrdinals[coldCount] = ordinal;
    coldLocations[coldCount++] = location;
  }

  private void readCold() {
    try (RecordReader reader = tiers.readers().borrow()) {
      for (int i = 0; i < coldCount; i++) {
        reader.add(coldLocations[i], coldOrdinals[i]);
      }
      reader.run(Slot.HEADER_BYTES + rowBytes, this::takeRecord);
    }
  }

  private void takeRecord(int ordinal, long location, long address, int payloadBytes) {
    long id = idAt(ordinal);
    if (!keyspace.owns(address, payloadBytes, key.of(id))) {
      addRetry(ordinal);
      return;
    }
    RawMemory.copy(Slot.payload(address), rows, (long) ordinal * rowBytes, rowBytes);
    finish(ordinal, RowStatus.COLD);
    if (location != lastAdmitted) {
      lastAdmitted = location;
      keyspace.admit(keyspace.hash(id), location, address, payloadBytes);
    }
  }

  private void addRetry(int ordinal) {
    if (retryCount == retries.length) {
      retries = Arrays.copyOf(retries, Math.max(8, retryCount * 2));
    }
    retries[retryCount++] = ordinal;
  }
}

package dev.emberkv.engine;

import dev.emberkv.index.EntryScan;
import dev.emberkv.index.Location;
import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One call of a scan over string keys: walks the index in hash order, reads keys in DRAM as it goes
 * and those on the device in one batch at the end.
 *
 * <p>Used by one thread, inside the store's {@link Epoch}.
 */
final class StringScan {
  /** Positions of the index end in zeros; without them a cursor is positive, which clients like. */
  private static final int UNUSED_BITS = 8;

  /** Keys of the other tier that are passed over for each wanted one, at most. */
  private static final long MAX_PASSED = 16;

  /** Which keys are looked at. */
  enum Tier {
    DRAM,
    DEVICE,
    BOTH
  }

  private final Keyspace keyspace;
  private final EntryScan entries;
  private final List<byte[]> keys = new ArrayList<>();
  private final List<KeyInfo> infos = new ArrayList<>();
  private final List<byte[]> values = new ArrayList<>();
  private final boolean wantsValues;
  private long[] cold = new long[16];
  private int coldCount;
  private long[] step = new long[16];
  private int stepCount;
  private int looked;
  private int lookedInStep;
  private long expiring;
  private long expiringInStep;
  private double leftMillis;
  private double leftMillisInStep;

  private Tier tier = Tier.BOTH;

  /** Only keys that are gone by then are wanted. */
  private long goneByMillis = StringEntry.NEVER;

  StringScan(Keyspace keyspace) {
    this(keyspace, false);
  }

  private StringScan(Keyspace keyspace, boolean wantsValues) {
    this.keyspace = keyspace;
    this.wantsValues = wantsValues;
    this.entries = keyspace.index.scan();
  }

  /** Shows about {@code wanted} keys to the visitor; returns the next cursor, 0 at the end. */
  long run(long cursor, int wanted, KeyVisitor visitor) {
    long position = walk(cursor << UNUSED_BITS, wanted);
    if (coldCount > 0) {
      readCold();
    }
    long now = System.currentTimeMillis();
    for (int i = 0; i < keys.size(); i++) {
      if (infos.get(i).expiresAtMillis() > now) {
        visitor.key(keys.get(i), infos.get(i));
      }
    }
    return position >>> UNUSED_BITS;
  }

  /** Shows about {@code wanted} keys, which are fields of a hash, with their values. */
  static long fields(Keyspace keyspace, long cursor, int wanted, FieldVisitor visitor) {
    StringScan scan = new StringScan(keyspace, true);
    long next = scan.run(cursor, wanted, (key, info) -> {});
    for (int i = 0; i < scan.keys.size(); i++) {
      visitor.field(scan.keys.get(i), scan.values.get(i));
    }
    return next;
  }

  /**
   * Looks at about {@code wanted} keys of one tier and shows those whose time to live is over to
   * the visitor; returns the next cursor.
   *
   * @param count of all keys that were looked at
   */
  long runExpired(Tier wantedTier, long cursor, int wanted, ExpiryCount count, KeyVisitor visitor) {
    tier = wantedTier;
    goneByMillis = System.currentTimeMillis();
    long position = walk(cursor << UNUSED_BITS, wanted);
    if (coldCount > 0) {
      beginStep();
      readCold();
      endStep();
    }
    count.add(looked, expiring, leftMillis);
    for (int i = 0; i < keys.size(); i++) {
      visitor.key(keys.get(i), infos.get(i));
    }
    return position >>> UNUSED_BITS;
  }

  private long walk(long from, int wanted) {
    long position = from;
    long passed = 0;
    do {
      position = walkHome(position);
      passed += stepCount;
    } while (position != 0 && looked < wanted && passed < MAX_PASSED * wanted);
    return position;
  }

  private long walkHome(long position) {
    int keysBefore = keys.size();
    int coldBefore = coldCount;
    while (true) {
      stepCount = 0;
      beginStep();
      long next =
          entries.step(
              position, (hash, knownBits, location) -> step = put(step, stepCount++, location));
      if (takeStep() && entries.isUnchanged()) {
        looked += lookedInStep;
        endStep();
        return next;
      }
      // A row has left its slot between the index and us; its home is read again.
      keys.subList(keysBefore, keys.size()).clear();
      infos.subList(keysBefore, infos.size()).clear();
      if (wantsValues) {
        values.subList(keysBefore, values.size()).clear();
      }
      coldCount = coldBefore;
      Thread.onSpinWait();
    }
  }

  private void beginStep() {
    expiringInStep = 0;
    leftMillisInStep = 0;
  }

  private void endStep() {
    expiring += expiringInStep;
    leftMillis += leftMillisInStep;
  }

  private static long[] put(long[] array, int at, long value) {
    long[] target = at == array.length ? Arrays.copyOf(array, 2 * at) : array;
    target[at] = value;
    return target;
  }

  private boolean takeStep() {
    lookedInStep = 0;
    for (int i = 0; i < stepCount; i++) {
      long location = step[i];
      if (!Location.isDram(location)) {
        if (tier != Tier.DRAM) {
          cold = put(cold, coldCount++, location);
          lookedInStep++;
        }
      } else if (tier != Tier.DEVICE) {
        if (!takeHot(location)) {
          return false;
        }
        lookedInStep++;
      }
    }
    return true;
  }

  /** Copies the key of a slot; false when what is in the slot is no whole row. */
  private boolean takeHot(long location) {
    long slot = keyspace.slotAddress(location);
    long payload = Slot.payload(slot);
    int payloadBytes = Slot.payloadBytes(Slot.state(slot));
    int keyBytes = StringRow.keyBytes(payload);
    if (payloadBytes > Keyspace.MAX_SLOT_PAYLOAD_BYTES
        || keyBytes > StringKeyspace.MAX_KEY_BYTES
        || keyBytes + StringRow.HEAD_BYTES > payloadBytes) {
      return false;
    }
    take(slot, payloadBytes, keyBytes);
    return true;
  }

  private void take(long address, int payloadBytes, int keyBytes) {
    KeyInfo info = infoOf(address, payloadBytes, keyBytes);
    if (info.expiresAtMillis() != StringEntry.NEVER && info.expiresAtMillis() > goneByMillis) {
      expiringInStep++;
      leftMillisInStep += info.expiresAtMillis() - goneByMillis;
    }
    if (info.expiresAtMillis() <= goneByMillis) {
      byte[] key = new byte[keyBytes];
      long from = Slot.payload(address) + StringRow.HEAD_BYTES;
      RawMemory.copy(from, MemorySegment.ofArray(key), 0, keyBytes);
      keys.add(key);
      infos.add(info);
      if (wantsValues) {
        byte[] value = new byte[Math.max(0, info.valueBytes())];
        long valueAt = Slot.payload(address) + payloadBytes - value.length;
        RawMemory.copy(valueAt, MemorySegment.ofArray(value), 0, value.length);
        values.add(value);
      }
    }
  }

  private static KeyInfo infoOf(long address, int payloadBytes, int keyBytes) {
    long payload = Slot.payload(address);
    long expiresAt = StringRow.expiresAtMillis(payload, keyBytes);
    return new KeyInfo(
        StringRow.type(payload),
        payloadBytes - StringRow.prefixBytes(keyBytes, expiresAt),
        expiresAt,
        Slot.sequence(address));
  }

  private void readCold() {
    try (RecordReader reader = keyspace.tiers.readers().borrow()) {
      for (int i = 0; i < coldCount; i++) {
        reader.add(cold[i], i);
      }
      reader.run(
          Slot.HEADER_BYTES,
          (i, location, address, payloadBytes) ->
              take(address, payloadBytes, StringRow.keyBytes(Slot.payload(address))));
    }
  }
}

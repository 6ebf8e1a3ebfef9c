package dev.emberkv.engine;

import dev.emberkv.index.Location;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads of string keys, in whatever tier they are: one, or several of which those on the device are
 * read in one batch.
 *
 * <p>Used by one thread, inside the store's {@link Epoch}.
 */
final class StringLookup {
  private final Keyspace rows;
  private final Tiers tiers;
  private final Guard guard;

  /** Takes what was read of the n-th key; not called for those that are missing. */
  @FunctionalInterface
  interface Taker {
    void found(int n, StringCopy copy);
  }

  StringLookup(Keyspace rows, Tiers tiers, Guard guard) {
    this.rows = rows;
    this.tiers = tiers;
    this.guard = guard;
  }

  /** Reads a key; false when it is missing or its time is over. */
  boolean read(StringCopy copy) {
    byte status = rows.read(copy.key, copy);
    boolean found = status != RowStatus.MISSING && !copy.isExpired();
    guard.count(found ? status : RowStatus.MISSING, 1);
    return found;
  }

  /** Reads keys; those on the device come first. */
  void readAll(StringCopy[] copies, Taker taker) {
    for (int n : readColdTogether(copies, taker)) {
      if (read(copies[n])) {
        taker.found(n, copies[n]);
      }
    }
  }

  /** Reads the keys that are on the device; returns those that are left to read. */
  private List<Integer> readColdTogether(StringCopy[] copies, Taker taker) {
    List<Integer> left = new ArrayList<>();
    RecordReader reader = null;
    try {
      for (int n = 0; n < copies.length; n++) {
        long location = rows.index.lookup(copies[n].key.header());
        if (location == Location.NONE || Location.isDram(location)) {
          left.add(n);
          continue;
        }
        if (reader == null) {
          reader = tiers.readers().borrow();
        }
        reader.add(location, n);
      }
      if (reader != null) {
        reader.run(
            Slot.HEADER_BYTES,
            (n, location, address, payloadBytes) -> {
              StringCopy copy = copies[n];
              if (!rows.owns(address, payloadBytes, copy.key)) {
                left.add(n);
                return;
              }
              copy.accept(Slot.payload(address), payloadBytes);
              if (copy.isExpired()) {
                guard.count(RowStatus.MISSING, 1);
              } else {
                guard.count(RowStatus.COLD, 1);
                taker.found(n, copy);
              }
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

  /** Hands a value to a sink. */
  static void hand(ValueSink sink, int n, byte[] data, int offset, int length) {
    long at = sink.begin(n, length);
    MemorySegment.copy(MemorySegment.ofArray(data), offset, sink.segment(), at, length);
  }
}

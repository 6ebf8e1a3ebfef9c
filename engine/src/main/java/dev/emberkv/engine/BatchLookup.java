package dev.emberkv.engine;

import dev.emberkv.index.HashIndex;
import dev.emberkv.index.Location;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The lookup of a batch of ids in one table: chunk by chunk, rows in DRAM are copied as the phases
 * of {@link BatchScratch} have found them. From the first row on that is on the device, all entries
 * of a window are found first, so that the device is at work while rows are copied.
 *
 * <p>Not thread-safe; one per call.
 */
final class BatchLookup {
  private final Keyspace keyspace;
  private final Tiers tiers;
  private final RowLayout layout;
  private final MemorySegment keys;
  private final RowSink rows;
  private final MemorySegment statuses;
  private final boolean wantsStatuses;
  private final Guard guard;
  private final BatchScratch scratch;

  private final long expiredUntil;
  private final RowKey.Id key;
  private @Nullable RecordReader reader;
  private int[] retries = {};
  private int retryCount;
  private long lastAdmitted = Location.NONE;

  private long hits;
  private long coldHits;
  private long misses;

  BatchLookup(
      Keyspace keyspace,
      Tiers tiers,
      RowLayout layout,
      MemorySegment keys,
      RowSink rows,
      MemorySegment statuses,
      Guard guard) {
    this.keyspace = keyspace;
    this.tiers = tiers;
    this.layout = layout;
    this.keys = keys;
    this.rows = rows;
    this.statuses = statuses;
    this.wantsStatuses = statuses.byteSize() > 0;
    this.guard = guard;
    this.scratch = guard.scratch;
    this.key = guard.key;
    this.expiredUntil = keyspace.expiredUntil();
  }

  /** Looks up {@code count} keys from the {@code first} on. */
  void run(long first, int count) {
    long began = guard.sampleClock();
    try {
      int done = 0;
      while (done < count && reader == null) {
        int size = Math.min(BatchScratch.CHUNK, count - done);
        scratch.find(keyspace, keys, first + done, size, layout.embeddingBytes());
        addColdRows(done, 0, size);
        copyRows(first, done, 0, size);
        done += size;
      }
      RecordReader started = reader;
      if (started != null) {
        started.begin(
            Slot.HEADER_BYTES + layout.payloadBytes(),
            (ordinal, location, address, payloadBytes) ->
                takeRecord(first + ordinal, ordinal, location, address, payloadBytes));
        scratch.widen();
        for (; done < count; done += BatchScratch.WINDOW) {
          lookUpWindow(first, done, Math.min(BatchScratch.WINDOW, count - done), started);
        }
        started.finish();
      }
    } finally {
      if (reader != null) {
        reader.close();
      }
    }
    for (int i = 0; i < retryCount; i++) {
      readAlone(first + retries[i]);
    }
    countAnswers();
    tiers.latencies().record(coldHits > 0, began);
  }

  /**
   * Answers those of {@code count} keys that need no device and returns the positions of the
   * others, counted as the {@code first} is.
   */
  long[] runResident(long first, int count) {
    for (int done = 0; done < count; done += BatchScratch.CHUNK) {
      int size = Math.min(BatchScratch.CHUNK, count - done);
      scratch.find(keyspace, keys, first + done, size, layout.embeddingBytes());
      for (int i = 0; i < size; i++) {
        if (scratch.isCold(i)) {
          addRetry(done + i);
        }
      }
      copyRows(first, done, 0, size);
    }
    countAnswers();
    long[] left = new long[retryCount];
    for (int i = 0; i < retryCount; i++) {
      left[i] = first + retries[i];
    }
    return left;
  }

  private void countAnswers() {
    guard.count(RowStatus.HOT, hits);
    guard.count(RowStatus.COLD, coldHits);
    guard.count(RowStatus.MISSING, misses);
  }

  /** Finds all entries of a window, starts the reads, and copies rows while the device works. */
  private void lookUpWindow(long first, int done, int window, RecordReader started) {
    for (int from = 0; from < window; from += BatchScratch.CHUNK) {
      int size = Math.min(BatchScratch.CHUNK, window - from);
      scratch.findEntries(keyspace, keys, first + done + from, from, size);
      addColdRows(done, from, size);
    }
    started.start();
    for (int from = 0; from < window; from += BatchScratch.CHUNK) {
      int size = Math.min(BatchScratch.CHUNK, window - from);
      scratch.touchRows(from, size, layout.embeddingBytes());
      copyRows(first, done, from, size);
      started.poll();
    }
  }

  private void addColdRows(int done, int from, int size) {
    for (int i = from; i < from + size; i++) {
      if (scratch.isCold(i)) {
        addCold(done + i, scratch.locations[i]);
      }
    }
  }

  /** Copies those rows of a chunk that are not on the device. */
  private void copyRows(long first, int done, int from, int size) {
    for (int i = from; i < from + size; i++) {
      long row = first + done + i;
      long location = scratch.locations[i];
      if (scratch.isHot(i)) {
        if (!copyHot(i, row, scratch.slots[i])) {
          addRetry(done + i);
        }
      } else if (location == Location.NONE
          && HashIndex.unchanged(scratch.homes[i], scratch.headers[i])) {
        finish(row, scratch.ids[i], RowStatus.MISSING);
      } else if (!scratch.isCold(i)) {
        addRetry(done + i);
      }
    }
  }

  private boolean copyHot(int i, long row, long slot) {
    if (Slot.key(slot) != scratch.ids[i] || Slot.table(slot) != keyspace.id) {
      return false;
    }
    rows.give(Slot.payload(slot), row);
    boolean over = Keyspace.isOver(slot, expiredUntil);
    if (!HashIndex.unchanged(scratch.homes[i], scratch.headers[i])) {
      return false;
    }
    if (over) {
      finish(row, scratch.ids[i], RowStatus.MISSING);
      return true;
    }
    tiers.slabs().touch(slot);
    finish(row, scratch.ids[i], RowStatus.HOT);
    return true;
  }

  private void finish(long row, long id, byte found) {
    byte status = found;
    switch (found) {
      case RowStatus.HOT -> hits++;
      case RowStatus.COLD -> coldHits++;
      default -> {
        misses++;
        rows.giveInitial(id, row);
        status = keyspace.missed(id, keyspace.hash(id));
      }
    }
    if (wantsStatuses) {
      statuses.set(ValueLayout.JAVA_BYTE, row, status);
    }
  }

  /**
   * Puts a key off until the reader was given back: reading it alone may need one, and who has a
   * reader must not wait for another.
   */
  private void addRetry(int ordinal) {
    if (retryCount == retries.length) {
      retries = Arrays.copyOf(retries, Math.max(8, retryCount * 2));
    }
    retries[retryCount++] = ordinal;
  }

  /** Looks one key up without the others: after a race, or when a tag was another key's. */
  private void readAlone(long row) {
    long id = idAt(row);
    byte status = keyspace.read(key.of(id), (payload, payloadBytes) -> rows.give(payload, row));
    finish(row, id, status);
  }

  private long idAt(long row) {
    return keys.get(ValueLayout.JAVA_LONG_UNALIGNED, row * Long.BYTES);
  }

  private void addCold(int ordinal, long location) {
    if (reader == null) {
      reader = tiers.readers().borrow();
    }
    reader.add(location, ordinal);
  }

  private void takeRecord(long row, int ordinal, long location, long address, int payloadBytes) {
    long id = idAt(row);
    if (!keyspace.owns(address, payloadBytes, key.of(id))) {
      addRetry(ordinal);
      return;
    }
    if (Keyspace.isOver(address, expiredUntil)) {
      finish(row, id, RowStatus.MISSING);
      return;
    }
    rows.give(Slot.payload(address), row);
    finish(row, id, RowStatus.COLD);
    if (location != lastAdmitted) {
      lastAdmitted = location;
      keyspace.admit(keyspace.hash(id), location, address, payloadBytes);
    }
  }
}

package dev.emberkv.engine;

import dev.emberkv.index.HashIndex;
import dev.emberkv.index.Location;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings rows into DRAM ahead of their use and pins them there, request by request, on a thread of
 * its own.
 *
 * <p>Thread-safe. At most {@link #MAX_WAITING_KEYS} keys wait; a request beyond that is refused,
 * because rows that come too late are of no use to anyone. The thread starts with the first request
 * and is a daemon that {@link #close} ends.
 */
final class Prefetcher implements AutoCloseable {
  /** The most keys that wait. */
  static final int MAX_WAITING_KEYS = 1 << 20;

  /** In place of a ticket: the request was refused. */
  static final long REFUSED = 0;

  private static final Logger LOGGER = LoggerFactory.getLogger(Prefetcher.class);

  /** How long a row is pinned at most. */
  static final long PIN_NANOS = 10_000_000_000L;

  /** Keys that are found, read and pinned in one go. */
  private static final int BATCH = 4096;

  private final Tiers tiers;

  /** Guards what follows, which is also waited for here. */
  private final Object lock = new Object();

  private final ArrayDeque<Request> waiting = new ArrayDeque<>();
  private int waitingKeys;
  private long newestTicket;
  private long doneTicket;
  private boolean closed;
  private @Nullable Thread thread;

  /** Keys of a table that are to be prefetched. */
  private static final class Request {
    final Supplier<@Nullable Keyspace> rows;
    final int rowBytes;
    final long[] keys;
    final long ticket;

    Request(Supplier<@Nullable Keyspace> rows, int rowBytes, long[] keys, long ticket) {
      this.rows = rows;
      this.rowBytes = rowBytes;
      this.keys = keys;
      this.ticket = ticket;
    }
  }

  Prefetcher(Tiers tiers) {
    this.tiers = tiers;
  }

  /**
   * Takes a request.
   *
   * @param rows the rows of the table when its turn has come; null when it was dropped
   * @param rowBytes the table's
   * @return the ticket, 1 and up in the order of the requests, or {@link #REFUSED}
   */
  long submit(Supplier<@Nullable Keyspace> rows, int rowBytes, long[] keys) {
    tiers.slabs().startCounting();
    synchronized (lock) {
      if (closed || keys.length > MAX_WAITING_KEYS - waitingKeys) {
        tiers.counters().prefetchesRefused.add(keys.length);
        return REFUSED;
      }
      waiting.addLast(new Request(rows, rowBytes, keys, ++newestTicket));
      waitingKeys += keys.length;
      if (thread == null) {
        thread = Thread.ofPlatform().name("ember-prefetch").daemon().start(this::work);
      }
      lock.notifyAll();
      return newestTicket;
    }
  }

  /** Waits until a request, and all before it, are done. */
  void await(long ticket) throws InterruptedException {
    synchronized (lock) {
      while (doneTicket < ticket && !closed) {
        lock.wait();
      }
    }
  }

  private void work() {
    boolean healthy = true;
    for (Request request = next(); request != null; request = next()) {
      try {
        run(request);
        healthy = true;
      } catch (RuntimeException e) {
        if (healthy) {
          LOGGER.warn("Rows could not be prefetched; who reads them will be told", e);
        }
        healthy = false;
      }
      synchronized (lock) {
        doneTicket = request.ticket;
        lock.notifyAll();
      }
    }
  }

  /** Takes the next request; null when there will be none. */
  private @Nullable Request next() {
    synchronized (lock) {
      while (waiting.isEmpty() && !closed) {
        try {
          lock.wait();
        } catch (InterruptedException e) {
          return null; // nobody else has this thread; it was told to end
        }
      }
      if (closed) {
        return null;
      }
      Request request = waiting.removeFirst();
      waitingKeys -= request.keys.length;
      return request;
    }
  }

  private void run(Request request) {
    int done = 0;
    boolean mayPin = true;
    for (; done < request.keys.length && mayPin; done += BATCH) {
      try (Guard guard = tiers.epoch().enter()) {
        tiers.evictor().reviewPins(System.nanoTime());
        Keyspace keyspace = request.rows.get();
        if (keyspace == null) {
          return;
        }
        int size = Math.min(BATCH, request.keys.length - done);
        mayPin = new Batch(keyspace, request, done, guard).run(size);
      }
    }
    if (done < request.keys.length) {
      tiers.counters().prefetchesRefused.add(request.keys.length - done);
    }
  }

  /** Some keys of a request. */
  private final class Batch {
    private final Keyspace keyspace;
    private final long[] keys;
    private final int rowBytes;
    private final int first;
    private final BatchScratch scratch;
    private final RowKey.Id key;
    private final long deadlineNanos = System.nanoTime() + PIN_NANOS;
    private @Nullable RecordReader reader;
    private long lastTaken = Location.NONE;
    private int refused;

    Batch(Keyspace keyspace, Request request, int first, Guard guard) {
      this.keyspace = keyspace;
      this.keys = request.keys;
      this.rowBytes = request.rowBytes;
      this.first = first;
      this.scratch = guard.scratch;
      this.key = guard.key;
    }

    /** Brings the rows in; returns whether all of them could be pinned. */
    boolean run(int count) {
      MemorySegment packed = MemorySegment.ofArray(keys);
      try {
        for (int done = 0; done < count; done += BatchScratch.CHUNK) {
          int size = Math.min(BatchScratch.CHUNK, count - done);
          scratch.find(keyspace, packed, first + done, size, 0);
          for (int i = 0; i < size; i++) {
            take(i, done + i);
          }
        }
        if (reader != null) {
          reader.run(Slot.HEADER_BYTES + rowBytes, this::takeRecord);
        }
      } finally {
        if (reader != null) {
          reader.close();
        }
      }
      tiers.counters().prefetchesRefused.add(refused);
      return refused == 0;
    }

    private void take(int i, int ordinal) {
      if (scratch.isCold(i)) {
        if (reader == null) {
          reader = tiers.readers().borrow();
        }
        reader.add(scratch.locations[i], ordinal);
      } else if (scratch.isHot(i)) {
        pin(i);
      }
    }

    private void pin(int i) {
      long slot = scratch.slots[i];
      boolean found = Slot.key(slot) == scratch.ids[i] && Slot.table(slot) == keyspace.id;
      if (found
          && HashIndex.unchanged(scratch.homes[i], scratch.headers[i])
          && !keyspace.pin(scratch.hashes[i], slot, deadlineNanos)) {
        refused++;
      }
    }

    private void takeRecord(int ordinal, long location, long address, int payloadBytes) {
      long id = keys[first + ordinal];
      if (!keyspace.owns(address, payloadBytes, key.of(id))) {
        return; // another key's record under the same tag: this key is read when it is asked for
      }
      if (location == lastTaken) {
        return; // a duplicate: those of one location come one after the other
      }
      lastTaken = location;
      if (refused > 0
          || !keyspace.admitPinned(
              keyspace.hash(id), location, address, payloadBytes, deadlineNanos)) {
        refused++;
      }
    }
  }

  /** Copies packed ids, which belong to the caller again afterwards. */
  static long[] copyOf(MemorySegment keys) {
    return keys.toArray(ValueLayout.JAVA_LONG_UNALIGNED);
  }

  @Override
  public void close() {
    Thread running;
    synchronized (lock) {
      closed = true;
      waiting.clear();
      running = thread;
      lock.notifyAll();
    }
    if (running != null) {
      try {
        running.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}

package dev.emberkv.engine;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads what asynchronous lookups left on the device: few threads, each of which takes all that
 * waits for one table, up to a batch, and reads it in one go. So many small lookups fill the
 * device's queue as one large one does.
 *
 * <p>Thread-safe. The threads start with the first lookup. At most {@value #MAX_WAITING_KEYS} keys
 * wait; whoever brings more waits as well. A group that fails is read again one lookup at a time,
 * so that a damaged row fails its own lookup and no other.
 */
final class AsyncLookups implements AutoCloseable {
  private static final int THREADS = 2;
  private static final int MAX_WAITING_KEYS = 1 << 20;

  /** The most keys, and bytes of rows, that are read in one go. */
  private static final int MAX_GROUP_KEYS = 8192;

  private static final int MAX_GROUP_BYTES = 4 << 20;

  /** Guarded by this, as is all below. */
  private final ArrayDeque<ColdLookup> waiting = new ArrayDeque<>();

  private final List<Thread> threads = new ArrayList<>();
  private long waitingKeys;
  private boolean closed;

  /**
   * Checks that another thread may use a segment.
   *
   * @throws IllegalArgumentException when it belongs to the caller's thread alone
   */
  static void requireShared(MemorySegment segment, String name) {
    if (!segment.isAccessibleBy(OTHER)) {
      throw new IllegalArgumentException(
          name + " belongs to one thread, and an asynchronous lookup needs a shared arena");
    }
  }

  private static final Thread OTHER = Thread.ofPlatform().unstarted(() -> {});

  /** Takes a lookup over. Waits while too many keys wait already. */
  synchronized void submit(ColdLookup lookup) {
    boolean interrupted = false;
    while (!closed && waitingKeys > 0 && waitingKeys + lookup.count() > MAX_WAITING_KEYS) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (closed) {
      throw new IllegalStateException("the store is closed");
    }
    while (threads.size() < THREADS) {
      String name = "emberkv-lookups-" + threads.size();
      threads.add(Thread.ofPlatform().daemon().name(name).start(this::work));
    }
    waiting.addLast(lookup);
    waitingKeys += lookup.count();
    notifyAll();
  }

  private void work() {
    for (List<ColdLookup> group = take(); !group.isEmpty(); group = take()) {
      answer(group);
    }
  }

  /** Waits for lookups of one table that make up a batch at most; none when all is closed. */
  private synchronized List<ColdLookup> take() {
    while (waiting.isEmpty() && !closed) {
      try {
        wait();
      } catch (InterruptedException e) {
        // nobody interrupts these threads to any purpose; closing ends them
      }
    }
    List<ColdLookup> group = new ArrayList<>();
    int keys = 0;
    for (ColdLookup next = waiting.peekFirst();
        next != null && (group.isEmpty() || fits(group.getFirst(), next, keys));
        next = waiting.peekFirst()) {
      group.add(waiting.removeFirst());
      keys += next.count();
    }
    waitingKeys -= keys;
    notifyAll();
    return group;
  }

  private static boolean fits(ColdLookup first, ColdLookup next, int keys) {
    return next.table == first.table
        && keys + next.count() <= groupKeys(first.table.spec().rowBytes());
  }

  private static int groupKeys(int rowBytes) {
    return Math.clamp(MAX_GROUP_BYTES / rowBytes, 1, MAX_GROUP_KEYS);
  }

  private static void answer(List<ColdLookup> group) {
    try {
      read(group);
    } catch (RuntimeException e) {
      if (group.size() == 1) {
        group.getFirst().done.completeExceptionally(e);
      } else {
        group.forEach(lookup -> answer(List.of(lookup)));
      }
    }
  }

  private static void read(List<ColdLookup> group) {
    if (group.size() == 1) {
      readInPieces(group.getFirst());
    } else {
      readTogether(group);
    }
    group.forEach(lookup -> lookup.done.complete(null));
  }

  private static void readInPieces(ColdLookup lookup) {
    int count = lookup.count();
    int piece = Math.min(count, groupKeys(lookup.table.spec().rowBytes()));
    Found found = new Found(lookup.table, piece);
    for (int from = 0; from < count; from += piece) {
      int size = Math.min(piece, count - from);
      lookup.takeKeys(from, size, found.ids, 0);
      found.read(size);
      lookup.giveRows(from, size, found.rows, found.statuses, 0);
    }
  }

  private static void readTogether(List<ColdLookup> group) {
    int count = group.stream().mapToInt(lookup -> lookup.count()).sum();
    Found found = new Found(group.getFirst().table, count);
    int at = 0;
    for (ColdLookup lookup : group) {
      lookup.takeKeys(0, lookup.count(), found.ids, at);
      at += lookup.count();
    }
    found.read(count);
    at = 0;
    for (ColdLookup lookup : group) {
      lookup.giveRows(0, lookup.count(), found.rows, found.statuses, at);
      at += lookup.count();
    }
  }

  /** The rows of a group, before they go to their places. */
  private static final class Found {
    final long[] ids;
    final MemorySegment rows;
    final MemorySegment statuses;
    private final RowTable table;

    Found(RowTable table, int count) {
      this.table = table;
      this.ids = new long[count];
      this.rows = MemorySegment.ofArray(new byte[count * table.spec().rowBytes()]);
      this.statuses = MemorySegment.ofArray(new byte[count]);
    }

    void read(int count) {
      table.lookup(
          MemorySegment.ofArray(ids).asSlice(0, (long) count * Long.BYTES), rows, statuses);
    }
  }

  /** Answers what waits, and ends the threads. */
  @Override
  public void close() {
    List<Thread> running;
    synchronized (this) {
      closed = true;
      notifyAll();
      running = List.copyOf(threads);
    }
    boolean interrupted = false;
    for (Thread thread : running) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}

package dev.emberkv.engine;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drops rows of tables with an {@link Expiry} in the background: goes over the rows, a few at a
 * time and more while it finds expired ones or writers wait for room, and drops the oldest rows of
 * a table that has a 16th more than it may have.
 *
 * <p>One daemon thread, that {@link #close} ends.
 */
final class RowSweeper implements AutoCloseable {
  private static final Logger LOGGER = LoggerFactory.getLogger(RowSweeper.class);
  private static final long PERIOD_NANOS = 100_000_000;

  /** Rows looked at per period and table. Most may be on the device. */
  private static final int MIN_ROWS = 64;

  private static final int MAX_ROWS = 1 << 14;

  /** When one of so many is expired, there are more to be found. */
  private static final int WORTHWHILE_SHARE = 10;

  private static final int SLACK_SHARE = 16;

  private final Tiers tiers;
  private final Supplier<List<RowTable>> tables;
  private final Map<RowTable, Sweep> sweeps = new HashMap<>();
  private final Thread thread;
  private volatile boolean closed;

  RowSweeper(Tiers tiers, Supplier<List<RowTable>> tables) {
    this.tiers = tiers;
    this.tables = tables;
    this.thread = Thread.ofPlatform().name("ember-rows").daemon().unstarted(this::work);
  }

  void start() {
    thread.start();
  }

  private void work() {
    while (!closed) {
      LockSupport.parkNanos(PERIOD_NANOS);
      sweepAll();
    }
    sweeps.values().forEach(sweep -> sweep.shrink.close());
  }

  private void sweepAll() {
    Set<RowTable> expiring = new HashSet<>(tables.get());
    expiring.removeIf(table -> table.spec().expiry().equals(Expiry.NEVER));
    for (Sweep sweep : List.copyOf(sweeps.values())) {
      if (!expiring.contains(sweep.table)) {
        sweeps.remove(sweep.table);
        sweep.shrink.close();
      }
    }
    for (RowTable table : expiring) {
      if (!closed) {
        sweeps.computeIfAbsent(table, Sweep::new).run();
      }
    }
  }

  /** How far the sweep of one table has come. */
  private final class Sweep {
    private final RowTable table;
    private final RowShrink shrink;
    private long cursor;
    private int rows = MIN_ROWS;
    private boolean healthy = true;

    Sweep(RowTable table) {
      this.table = table;
      this.shrink = new RowShrink(table, tiers, () -> closed);
    }

    void run() {
      if (!table.shrinking().tryLock()) {
        return;
      }
      try {
        sweep();
        healthy = true;
      } catch (RuntimeException e) {
        if (healthy && table.ifThere() != null) {
          LOGGER.error(
              "Rows of table {} whose time is over could not be dropped; reads do not find them",
              table.spec().name(),
              e);
        }
        healthy = false;
      } finally {
        table.shrinking().unlock();
      }
    }

    private void sweep() {
      Expiry expiry = table.spec().expiry();
      if (expiry.ttlSeconds() > 0) {
        int wanted = tiers.space().isWaitedFor() ? MAX_ROWS : rows;
        cursor = shrink.expireSome(cursor, wanted);
        boolean worthwhile = shrink.found() * WORTHWHILE_SHARE >= wanted;
        rows = worthwhile ? Math.min(2 * wanted, MAX_ROWS) : Math.max(rows / 2, MIN_ROWS);
      }
      if (expiry.maxRows() > 0
          && table.size() > expiry.maxRows() + expiry.maxRows() / SLACK_SHARE) {
        shrink.dropOverCap();
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

package dev.emberkv.engine;

import dev.emberkv.compaction.CorruptionException;
import dev.emberkv.compaction.RecordFormat;
import java.util.Arrays;
import java.util.function.BooleanSupplier;

/**
 * Runs the rules of a table's {@link Expiry}: finds rows that they drop, and deletes each unless it
 * was written since. What is damaged stays: nobody knows its time, and reading it fails.
 *
 * <p>Used by one thread, outside of the {@link Epoch}.
 */
final class RowShrink implements AutoCloseable {
  /** Leaves out what is damaged. */
  private interface IntactRows extends RowScan.Visitor {
    @Override
    default void damaged(CorruptionException damage) {
      // of unknown time; whoever reads the row is told
    }
  }

  /** Rows of one batch of deletions. */
  private static final int BATCH = 4096;

  private final RowTable table;
  private final Tiers tiers;
  private final RowScan scan;
  private final BooleanSupplier stopped;
  private long[] ids = new long[BATCH];
  private long[] sequences = new long[BATCH];
  private int count;
  private int found;

  /** Prepares for a table; {@code stopped} is asked between batches whether to leave it at that. */
  RowShrink(RowTable table, Tiers tiers, BooleanSupplier stopped) {
    this.stopped = stopped;
    this.table = table;
    this.tiers = tiers;
    this.scan = new RowScan(0);
  }

  /** Runs all rules over all rows. */
  ShrinkReport run(boolean dryRun) {
    long rows = table.keyspace().index.size();
    long expired = expire(dryRun);
    long left = dryRun ? rows - expired : table.keyspace().index.size();
    long cap = table.spec().expiry().maxRows();
    long over = cap == 0 ? 0 : Math.max(0, left - cap);
    return new ShrinkReport(rows, expired, dryRun ? over : dropOldest());
  }

  /** Drops all rows whose time to live is over, and returns how many there were. */
  private long expire(boolean dryRun) {
    if (table.spec().expiry().ttlSeconds() == 0) {
      return 0;
    }
    long expired = 0;
    long cursor = 0;
    do {
      cursor = findExpired(cursor, Integer.MAX_VALUE);
      expired += dryRun ? count : drop();
      count = 0;
    } while (cursor != 0 && !stopped.getAsBoolean());
    return expired;
  }

  /**
   * Looks at some rows and drops those whose time to live is over.
   *
   * @return where to go on
   */
  long expireSome(long cursor, int rows) {
    long next = findExpired(cursor, rows);
    found = count;
    drop();
    return next;
  }

  /** Returns how many expired rows the last {@link #expireSome} came upon. */
  int found() {
    return found;
  }

  private long findExpired(long cursor, int rows) {
    count = 0;
    try (Guard _ = tiers.epoch().enter()) {
      Keyspace keyspace = table.keyspace();
      long over = keyspace.expiredUntil();
      return scan.run(
          keyspace,
          cursor,
          rows,
          (IntactRows)
              row -> {
                if (Keyspace.isOver(row, over)) {
                  add(Slot.sequence(row), Slot.key(row));
                }
              });
    }
  }

  private void add(long sequence, long id) {
    if (count == ids.length) {
      ids = Arrays.copyOf(ids, 2 * count);
      sequences = Arrays.copyOf(sequences, 2 * count);
    }
    ids[count] = id;
    sequences[count++] = sequence;
  }

  /** Drops the rows beyond the cap that were not written for longest; returns how many. */
  long dropOldest() {
    long cap = table.spec().expiry().maxRows();
    long dropped = 0;
    long over = table.keyspace().index.size() - cap;
    while (cap > 0 && over > 0 && !stopped.getAsBoolean()) {
      findOldest(over);
      long gone = drop();
      count = 0;
      if (gone == 0) {
        break; // all of them were written or deleted meanwhile
      }
      dropped += gone;
      over = table.keyspace().index.size() - cap;
    }
    return dropped;
  }

  private void findOldest(long wanted) {
    OldestRows oldest = new OldestRows((int) Math.min(wanted, OldestRows.MAX_ROWS));
    long cursor = 0;
    do {
      try (Guard _ = tiers.epoch().enter()) {
        cursor =
            scan.run(
                table.keyspace(),
                cursor,
                Integer.MAX_VALUE,
                (IntactRows) row -> oldest.offer(Slot.sequence(row), Slot.key(row)));
      }
    } while (cursor != 0 && !stopped.getAsBoolean());
    count = 0;
    oldest.forEach(this::add);
  }

  /** Deletes the rows that were found, as far as they are the versions that were found. */
  private long drop() {
    long dropped = 0;
    for (int from = 0; from < count && !stopped.getAsBoolean(); from += BATCH) {
      dropped += drop(from, Math.min(count, from + BATCH));
    }
    return dropped;
  }

  private long drop(int from, int to) {
    long admitted =
        tiers.space().admitDelete((to - from) * DiskSpace.logBytes(0) + RecordFormat.PAGE_BYTES);
    long[] dropped = new long[1];
    try {
      table.deleteTogether(
          to - from,
          (keyspace, key, stamp) -> {
            for (int i = from; i < to; i++) {
              ColdMatches known = new ColdMatches();
              if (keyspace.removeVersion(key.of(ids[i]), sequences[i], stamp, known)) {
                dropped[0]++;
              }
            }
          });
    } finally {
      tiers.space().done(admitted);
    }
    return dropped[0];
  }

  @Override
  public void close() {
    scan.close();
  }
}

package dev.emberkv.engine;

import dev.emberkv.compaction.CorruptionException;
import dev.emberkv.compaction.RecordFormat;
import java.util.Arrays;
import java.util.function.BooleanSupplier;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

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

  /** Tells which rows are meant. */
  private interface Choice {
    boolean takes(long row);
  }

  private final RowTable table;
  private final Expiry expiry;
  private final Tiers tiers;
  private final @Nullable RowScore scores;
  private final RowScan scan;
  private final BooleanSupplier stopped;
  private long[] ids = new long[BATCH];
  private long[] sequences = new long[BATCH];

  /** Until when a row must have been written to be over; as of the walk. */
  private long expiredUntil;

  private int count;
  private int found;

  /** Prepares for a table; {@code stopped} is asked between batches whether to leave it at that. */
  RowShrink(RowTable table, Tiers tiers, BooleanSupplier stopped) {
    this.stopped = stopped;
    this.table = table;
    this.expiry = table.spec().expiry();
    this.tiers = tiers;
    Scores rule = expiry.scores();
    this.scores = rule == null ? null : new RowScore(rule, table.layout());
    this.scan = new RowScan(rule == null ? 0 : table.layout().payloadBytes());
  }

  private long size() {
    return table.keyspace().index.size();
  }

  /** Runs all rules over all rows. */
  ShrinkReport run(boolean dryRun) {
    long rows = size();
    long expired = expiry.ttlSeconds() == 0 ? 0 : dropAll(this::isOver, dryRun);
    long low = dropLow(dryRun ? rows - expired : size(), dryRun);
    long left = dryRun ? rows - expired - low : size();
    long over = expiry.maxRows() == 0 ? 0 : Math.max(0, left - expiry.maxRows());
    return new ShrinkReport(rows, expired, low, dryRun ? over : dropOverCap());
  }

  /** Drops the rows beyond the cap, the lowest ones; returns how many. */
  long dropOverCap() {
    long cap = expiry.maxRows();
    return cap == 0 ? 0 : dropLowest(row -> true, dropped -> size() - cap);
  }

  /** Drops rows with low scores, as far as enough others are left. */
  private long dropLow(long rows, boolean dryRun) {
    RowScore score = scores;
    if (score == null) {
      return 0;
    }
    long now = now();
    Choice choice = row -> score.isLow(row, now) && !isOver(row);
    if (expiry.minRows() == 0) {
      return dropAll(choice, dryRun);
    }
    long low = dropAll(choice, true);
    long most = Math.max(0, rows - expiry.minRows());
    if (dryRun || most == 0) {
      return Math.min(low, most);
    }
    return low <= most
        ? dropAll(choice, false)
        : dropLowest(choice, dropped -> Math.min(most - dropped, size() - expiry.minRows()));
  }

  /** Returns the time that scores are as of: the latest, also when a crash could still undo it. */
  private long now() {
    TableClock clock = table.keyspace().clock;
    return clock == null ? 0 : clock.latest();
  }

  private boolean isOver(long row) {
    return Keyspace.isOver(row, expiredUntil);
  }

  /** Drops rows, or counts them; returns how many. */
  private long dropAll(Choice choice, boolean dryRun) {
    long dropped = 0;
    long cursor = 0;
    do {
      cursor = find(cursor, Integer.MAX_VALUE, choice);
      dropped += dryRun ? count : drop();
    } while (cursor != 0 && !stopped.getAsBoolean());
    return dropped;
  }

  /**
   * Looks at some rows and drops those whose time to live is over.
   *
   * @return where to go on
   */
  long expireSome(long cursor, int rows) {
    long next = find(cursor, rows, this::isOver);
    found = count;
    drop();
    return next;
  }

  /** Returns how many expired rows the last {@link #expireSome} came upon. */
  int found() {
    return found;
  }

  private long find(long cursor, int rows, Choice choice) {
    count = 0;
    return walk(
        cursor,
        rows,
        row -> {
          if (choice.takes(row)) {
            add(Slot.sequence(row), Slot.key(row));
          }
        });
  }

  private long walk(long cursor, int rows, IntactRows visitor) {
    try (Guard _ = tiers.epoch().enter()) {
      Keyspace keyspace = table.keyspace();
      expiredUntil = keyspace.expiredUntil();
      return scan.run(keyspace, cursor, rows, visitor);
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

  /**
   * Drops the lowest rows of a choice; returns how many.
   *
   * @param wanted says how many more, when so many have been dropped
   */
  private long dropLowest(Choice choice, LongUnaryOperator wanted) {
    long dropped = 0;
    long gone = 1;
    // none are gone when all that were found were written or deleted meanwhile
    while (wanted.applyAsLong(dropped) > 0 && gone > 0 && !stopped.getAsBoolean()) {
      findLowest(choice, wanted.applyAsLong(dropped));
      gone = drop();
      dropped += gone;
    }
    return dropped;
  }

  private void findLowest(Choice choice, long wanted) {
    LowestRows lowest = new LowestRows((int) Math.min(wanted, LowestRows.MAX_ROWS));
    RowScore score = scores;
    long now = now();
    long cursor = 0;
    do {
      cursor =
          walk(
              cursor,
              Integer.MAX_VALUE,
              row -> {
                if (choice.takes(row)) {
                  long rank = score == null ? 0 : LowestRows.rank(score.of(row, now));
                  lowest.offer(rank, Slot.sequence(row), Slot.key(row));
                }
              });
    } while (cursor != 0 && !stopped.getAsBoolean());
    count = 0;
    lowest.forEach(this::add);
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
              if (keyspace.writer.removeVersion(key.of(ids[i]), sequences[i], stamp, known)) {
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

package dev.emberkv.engine;

/**
 * A walk over the rows of a table, some at a time. A row that is there all the time is shown once,
 * whatever happens to the table meanwhile; cursors stay good as long as the store has the table,
 * also when it is closed and opened again.
 *
 * <p>Not thread-safe; holds some megabytes until it is closed.
 */
public interface TableScan extends AutoCloseable {
  /**
   * Shows some rows.
   *
   * @param cursor 0, or what an earlier call returned
   * @return where to go on; 0 at the end
   * @throws dev.emberkv.uring.IoFailure when the device fails
   * @throws dev.emberkv.compaction.CorruptionException when a row on the device is damaged
   */
  long next(long cursor, ChangeVisitor visitor);

  @Override
  void close();
}

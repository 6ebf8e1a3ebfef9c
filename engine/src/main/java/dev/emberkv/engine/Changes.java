package dev.emberkv.engine;

import dev.emberkv.index.KeyHash;

/**
 * Tells what changed in a table since a position, which is the number of a cut of the {@link
 * CommitClock}: all that was written before it is on stable storage and has a number up to it, and
 * all that is written later gets a higher one.
 *
 * <p>Thread-safe; called outside of the {@link Epoch}.
 */
final class Changes {
  private final Tiers tiers;
  private final Flusher flusher;
  private final Compactor compactor;
  private final ForgottenDeletions deletions;

  Changes(Tiers tiers, Flusher flusher, Compactor compactor, ForgottenDeletions deletions) {
    this.tiers = tiers;
    this.flusher = flusher;
    this.compactor = compactor;
    this.deletions = deletions;
  }

  /** Makes durable what was written and returns the position behind it. */
  long position() {
    flusher.flush();
    return tiers.clock().committed();
  }

  /** Returns what tells the rows of a keyspace from those of any other, also in other stores. */
  long origin(Keyspace keyspace) {
    return KeyHash.ofId(keyspace.definedAt, tiers.log().storeId()) ^ keyspace.id;
  }

  /**
   * Shows what changed since a position, and returns the next one. Cleaning waits meanwhile: it
   * could carry a record from where the log is still to be read to where it was read already.
   *
   * <p>What is shown may be newer than the position that is returned. Before that, it is made
   * durable: a crash must not take back what a follower has, without a trace.
   *
   * @throws ChangesGoneException when deletions since then were forgotten
   */
  long since(Keyspace keyspace, String table, long position, ChangeVisitor visitor) {
    long next = position();
    if (position < 0 || position > next) {
      throw new IllegalArgumentException(
          "a position is from 0 to %d now, not %d".formatted(next, position));
    }
    compactor.betweenPasses(() -> {
      long oldest = Math.max(keyspace.definedAt, deletions.of(keyspace.id));
      if (position < oldest) {
        throw new ChangesGoneException(table, position, oldest);
      }
      new ChangeScan(keyspace, tiers, position, visitor).run();
    });
    flusher.flush();
    return next;
  }
}

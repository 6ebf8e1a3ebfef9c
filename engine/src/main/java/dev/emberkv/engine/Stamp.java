package dev.emberkv.engine;

import java.util.Arrays;

/**
 * What the rows of one batch of writes carry: its sequence number, of which the higher counts of
 * two versions of a row, and the time. A batch that needs further numbers for some of its rows
 * remembers them, for its commit.
 *
 * <p>Used by one thread.
 */
final class Stamp {
  private final long sequence;
  private final int time;
  private final boolean alone;
  private final Stamp batch;
  private long[] renewals = {};

  /** Stamps a batch that writes one record at most if it is {@code alone}. */
  Stamp(long sequence, int time, boolean alone) {
    this.sequence = sequence;
    this.time = time;
    this.alone = alone;
    this.batch = this;
  }

  private Stamp(long sequence, Stamp batch) {
    this.sequence = sequence;
    this.time = batch.time;
    this.alone = batch.alone;
    this.batch = batch;
  }

  long sequence() {
    return sequence;
  }

  /** Returns the time of the rows, in seconds since 1970. */
  int time() {
    return time;
  }

  /** Returns whether each record of the batch is a batch of its own. */
  boolean alone() {
    return alone;
  }

  /** Returns a stamp with a later number for a row of the same batch. */
  Stamp renewed(long newSequence) {
    batch.renewals = Arrays.copyOf(batch.renewals, batch.renewals.length + 1);
    batch.renewals[batch.renewals.length - 1] = newSequence;
    return new Stamp(newSequence, batch);
  }

  /** Returns all numbers of the batch. */
  long[] sequences() {
    long[] all = new long[1 + batch.renewals.length];
    all[0] = batch.sequence;
    System.arraycopy(batch.renewals, 0, all, 1, batch.renewals.length);
    return all;
  }
}

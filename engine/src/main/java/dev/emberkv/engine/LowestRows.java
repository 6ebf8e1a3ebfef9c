package dev.emberkv.engine;

import java.util.Arrays;

/**
 * Of all rows that are offered, the few with the lowest ranks, and of equal ranks the ones that
 * were not written for longest: a heap with the highest of them on top, which the next lower one
 * replaces.
 *
 * <p>Not thread-safe.
 */
final class LowestRows {
  /** The most rows that are looked for in one walk: 24 bytes each. */
  static final int MAX_ROWS = 1 << 20;

  private final int wanted;
  private long[] ranks;
  private long[] sequences;
  private long[] ids;
  private int size;

  /** Takes a row's number and id. */
  interface Taker {
    void take(long sequence, long id);
  }

  /** Looks for a number of rows, {@link #MAX_ROWS} at most. */
  LowestRows(int wanted) {
    this.wanted = wanted;
    this.ranks = new long[Math.min(wanted, 1024)];
    this.sequences = new long[ranks.length];
    this.ids = new long[ranks.length];
  }

  /** Returns a rank that orders as a number does. */
  static long rank(double value) {
    long bits = Double.doubleToLongBits(value);
    return bits ^ ((bits >> (Long.SIZE - 1)) & Long.MAX_VALUE);
  }

  void offer(long rank, long sequence, long id) {
    if (size < wanted) {
      if (size == ranks.length) {
        int length = (int) Math.min(2L * size, wanted);
        ranks = Arrays.copyOf(ranks, length);
        sequences = Arrays.copyOf(sequences, length);
        ids = Arrays.copyOf(ids, length);
      }
      raise(size++, rank, sequence, id);
    } else if (isBelow(rank, sequence, 0)) {
      lower(rank, sequence, id);
    }
  }

  private boolean isBelow(long rank, long sequence, int other) {
    return rank == ranks[other] ? sequence < sequences[other] : rank < ranks[other];
  }

  private void raise(int from, long rank, long sequence, long id) {
    int at = from;
    while (at > 0 && !isBelow(rank, sequence, (at - 1) / 2)) {
      move((at - 1) / 2, at);
      at = (at - 1) / 2;
    }
    set(at, rank, sequence, id);
  }

  private void lower(long rank, long sequence, long id) {
    int at = 0;
    for (int child = 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && isBelow(ranks[child], sequences[child], child + 1)) {
        child++;
      }
      if (!isBelow(rank, sequence, child)) {
        break;
      }
      move(child, at);
      at = child;
    }
    set(at, rank, sequence, id);
  }

  private void move(int from, int to) {
    set(to, ranks[from], sequences[from], ids[from]);
  }

  private void set(int at, long rank, long sequence, long id) {
    ranks[at] = rank;
    sequences[at] = sequence;
    ids[at] = id;
  }

  void forEach(Taker taker) {
    for (int i = 0; i < size; i++) {
      taker.take(sequences[i], ids[i]);
    }
  }
}

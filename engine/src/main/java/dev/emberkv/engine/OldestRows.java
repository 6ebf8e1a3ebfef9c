package dev.emberkv.engine;

import java.util.Arrays;

/**
 * Of all rows that are offered, the few with the lowest numbers: a heap with the highest of them on
 * top, which the next lower one replaces.
 *
 * <p>Not thread-safe.
 */
final class OldestRows {
  /** The most rows that are looked for in one walk: 16 bytes each. */
  static final int MAX_ROWS = 1 << 20;

  private final int wanted;
  private long[] sequences;
  private long[] ids;
  private int size;

  /** Takes a row's number and id. */
  interface Taker {
    void take(long sequence, long id);
  }

  /** Looks for a number of rows, {@link #MAX_ROWS} at most. */
  OldestRows(int wanted) {
    this.wanted = wanted;
    this.sequences = new long[Math.min(wanted, 1024)];
    this.ids = new long[sequences.length];
  }

  void offer(long sequence, long id) {
    if (size < wanted) {
      if (size == sequences.length) {
        sequences = Arrays.copyOf(sequences, (int) Math.min(2L * size, wanted));
        ids = Arrays.copyOf(ids, sequences.length);
      }
      raise(size++, sequence, id);
    } else if (sequence < sequences[0]) {
      lower(sequence, id);
    }
  }

  private void raise(int from, long sequence, long id) {
    int at = from;
    while (at > 0 && sequences[(at - 1) / 2] < sequence) {
      move((at - 1) / 2, at);
      at = (at - 1) / 2;
    }
    set(at, sequence, id);
  }

  private void lower(long sequence, long id) {
    int at = 0;
    for (int child = 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && sequences[child + 1] > sequences[child]) {
        child++;
      }
      if (sequences[child] <= sequence) {
        break;
      }
      move(child, at);
      at = child;
    }
    set(at, sequence, id);
  }

  private void move(int from, int to) {
    set(to, sequences[from], ids[from]);
  }

  private void set(int at, long sequence, long id) {
    sequences[at] = sequence;
    ids[at] = id;
  }

  void forEach(Taker taker) {
    for (int i = 0; i < size; i++) {
      taker.take(sequences[i], ids[i]);
    }
  }
}

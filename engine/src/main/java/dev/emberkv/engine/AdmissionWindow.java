package dev.emberkv.engine;

/**
 * The first-in-first-out queue of a slot class's rows that came without enough uses to stay: the
 * small queue of S3-FIFO (J. Yang et al., SOSP 2023), the window of W-TinyLFU.
 *
 * <p>Not thread-safe: guarded by the lock of the {@link SlotClass}. A slot that was freed meanwhile
 * stays in the queue; its {@link UseCounts} byte tells.
 */
final class AdmissionWindow {
  /** One in so many of a class's slots are for the window. */
  private static final int SLOTS_PER_ENTRY = 64;

  private static final int JUDGED = 256;

  /** The window pays when one in so many of its rows is used again before it leaves. */
  private static final int PAYING = 16;

  /** While it does not pay, one in so many rows is let in to see whether it would. */
  private static final int SAMPLED = 16;

  private long[] ring = new long[64];
  private int head;
  private int size;
  private int judged;
  private int used;

  /** Read without the lock. */
  private boolean pays = true;

  /** Counts racily. */
  private int asked;

  /** Returns whether a row that was read may enter. */
  boolean opens() {
    return pays || (++asked & (SAMPLED - 1)) == 0;
  }

  void add(long slot) {
    if (size == ring.length) {
      long[] larger = new long[2 * size];
      for (int i = 0; i < size; i++) {
        larger[i] = ring[(head + i) & (size - 1)];
      }
      ring = larger;
      head = 0;
    }
    ring[(head + size++) & (ring.length - 1)] = slot;
  }

  /** Returns whether the window has its share of a class's slots. */
  boolean isFull(int slots) {
    return size >= Math.max(1, slots / SLOTS_PER_ENTRY);
  }

  /** Takes the oldest; there must be one. */
  long poll() {
    assert size > 0;
    long slot = ring[head];
    head = (head + 1) & (ring.length - 1);
    size--;
    return slot;
  }

  boolean isEmpty() {
    return size == 0;
  }

  /** Learns from a row that leaves. */
  void judge(boolean wasUsed) {
    if (wasUsed) {
      used++;
    }
    if (++judged == JUDGED) {
      pays = used >= JUDGED / PAYING;
      judged = 0;
      used = 0;
    }
  }
}

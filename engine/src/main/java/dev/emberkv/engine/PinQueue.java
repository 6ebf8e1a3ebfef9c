package dev.emberkv.engine;

/**
 * The pinned rows of a slot class, each with its deadline: a queue that is gone through again and
 * again, because rows are used in any order.
 *
 * <p>Not thread-safe: guarded by the lock of the {@link SlotClass}. A slot that was freed meanwhile
 * stays in the queue; its {@link UseCounts} byte tells.
 */
final class PinQueue {
  private long[] slots = new long[64];
  private long[] deadlines = new long[64];
  private int head;
  private int size;

  int size() {
    return size;
  }

  /** Adds a row that stays until a {@link System#nanoTime}. */
  void add(long slot, long deadlineNanos) {
    if (size == slots.length) {
      slots = unrolled(slots);
      deadlines = unrolled(deadlines);
      head = 0;
    }
    int at = (head + size++) & (slots.length - 1);
    slots[at] = slot;
    deadlines[at] = deadlineNanos;
  }

  private long[] unrolled(long[] ring) {
    long[] larger = new long[2 * ring.length];
    System.arraycopy(ring, head, larger, 0, ring.length - head);
    System.arraycopy(ring, 0, larger, ring.length - head, head);
    return larger;
  }

  /** Returns the slot of the row at the head. */
  long slot() {
    assert size > 0;
    return slots[head];
  }

  /** Returns the deadline of the row at the head. */
  long deadlineNanos() {
    assert size > 0;
    return deadlines[head];
  }

  /** Takes the row at the head out. */
  void remove() {
    assert size > 0;
    head = (head + 1) & (slots.length - 1);
    size--;
  }

  /** Puts the row at the head behind all others. */
  void requeue() {
    long slot = slot();
    long deadline = deadlineNanos();
    remove();
    add(slot, deadline);
  }
}

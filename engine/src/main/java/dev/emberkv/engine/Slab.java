package dev.emberkv.engine;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The bookkeeping of one 2 MiB slab: which of its slots are taken.
 *
 * <p>Not thread-safe: guarded by the lock of the {@link SlotClass} that owns the slab; {@link
 * #owner} is stable for whoever holds a taken slot of it.
 */
final class Slab {
  final int number;
  final long address;

  private volatile @Nullable SlotClass owner;
  private long[] taken = {};
  private int slotBytes;
  private int slots;
  private int free;
  private int hint;
  private boolean draining;

  Slab(int number, long address) {
    this.number = number;
    this.address = address;
  }

  /** Cuts the slab into slots of a class; it must have none taken. */
  void assign(SlotClass newOwner, int newSlotBytes) {
    assert free == slots : "slab " + number + " still has " + (slots - free) + " slots taken";
    owner = newOwner;
    slotBytes = newSlotBytes;
    slots = (int) (SlabPool.SLAB_BYTES / newSlotBytes);
    free = slots;
    hint = 0;
    draining = false;
    taken = new long[Math.ceilDiv(slots, Long.SIZE)];
    int beyond = taken.length * Long.SIZE - slots;
    if (beyond > 0) {
      taken[taken.length - 1] = -1L << (Long.SIZE - beyond);
    }
  }

  SlotClass owner() {
    SlotClass current = owner;
    if (current == null) {
      throw new IllegalStateException("slab " + number + " belongs to no class");
    }
    return current;
  }

  @Nullable SlotClass ownerOrNull() {
    return owner;
  }

  /** Returns how many slots the slab is cut into. */
  int slots() {
    return slots;
  }

  int takenCount() {
    return slots - free;
  }

  boolean hasFree() {
    return free > 0;
  }

  boolean isEmpty() {
    return free == slots;
  }

  boolean isDraining() {
    return draining;
  }

  void drain() {
    draining = true;
  }

  /** Takes a free slot; there must be one. */
  long take() {
    assert free > 0 && !draining;
    int word = hint;
    while (taken[word] == -1L) {
      word = word + 1 == taken.length ? 0 : word + 1;
    }
    int bit = Long.numberOfTrailingZeros(~taken[word]);
    taken[word] |= 1L << bit;
    hint = word;
    free--;
    return address + (long) (word * Long.SIZE + bit) * slotBytes;
  }

  /** Gives a taken slot back. */
  void free(long slot) {
    int ordinal = (int) ((slot - address) / slotBytes);
    long mask = 1L << ordinal;
    int word = ordinal / Long.SIZE;
    if ((taken[word] & mask) == 0 || (slot - address) % slotBytes != 0) {
      throw new IllegalStateException("slot %d of slab %d is not taken".formatted(ordinal, number));
    }
    taken[word] &= ~mask;
    hint = word;
    free++;
  }

  /** Returns the first taken slot at or after an ordinal, or -1 when there is none. */
  int nextTaken(int fromOrdinal) {
    for (int ordinal = fromOrdinal; ordinal < slots; ) {
      long rest = taken[ordinal / Long.SIZE] >>> ordinal;
      if (rest != 0) {
        int found = ordinal + Long.numberOfTrailingZeros(rest);
        return found < slots ? found : -1;
      }
      ordinal = (ordinal / Long.SIZE + 1) * Long.SIZE;
    }
    return -1;
  }

  long slotAddress(int ordinal) {
    return address + (long) ordinal * slotBytes;
  }

  /** Forgets the class; the slab must be empty. */
  void unassign() {
    assert isEmpty();
    owner = null;
    Arrays.fill(taken, 0);
  }
}

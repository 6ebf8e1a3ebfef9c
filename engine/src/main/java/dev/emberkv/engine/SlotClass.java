package dev.emberkv.engine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * All slots of one size, and the CLOCK hand that goes around them (F. Corbató, "A Paging Experiment
 * with the Multics System", 1968), with a reference count of up to three instead of one bit.
 *
 * <p>Thread-safe. Its lock is a leaf but for the pool's own: nothing else is taken under it.
 */
final class SlotClass {
  final int slotBytes;

  private final SlabPool pool;
  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayList<Slab> slabs = new ArrayList<>();
  private final ArrayDeque<Slab> withFree = new ArrayDeque<>();
  private int handSlab;
  private int handOrdinal;
  private long demand;

  SlotClass(SlabPool pool, int slotBytes) {
    this.pool = pool;
    this.slotBytes = slotBytes;
  }

  /** Takes a free slot, with a new slab if the pool has one; returns 0 when there is none. */
  long allocate() {
    lock.lock();
    try {
      Slab slab = withFree.peekLast();
      if (slab == null) {
        slab = grow();
        if (slab == null) {
          demand++;
          return 0;
        }
      }
      long slot = slab.take();
      if (!slab.hasFree()) {
        withFree.removeLast();
      }
      return slot;
    } finally {
      lock.unlock();
    }
  }

  private @Nullable Slab grow() {
    Slab slab = pool.takeFreeSlab();
    if (slab != null) {
      slab.assign(this, slotBytes);
      slabs.add(slab);
      withFree.addLast(slab);
    }
    return slab;
  }

  /** Gives a slot back. The caller must be the only one that knows it. */
  void free(Slab slab, long slot) {
    lock.lock();
    try {
      boolean wasFull = !slab.hasFree();
      slab.free(slot);
      if (slab.isDraining()) {
        if (slab.isEmpty()) {
          release(slab);
        }
      } else if (wasFull) {
        withFree.addLast(slab);
      }
    } finally {
      lock.unlock();
    }
  }

  private void release(Slab slab) {
    slabs.remove(slab);
    slab.unassign();
    pool.giveBack(slab);
  }

  /**
   * Moves the hand until it has found {@code wanted} taken slots that nothing referenced since its
   * last visits, or has gone around {@value #MAX_TURNS} times.
   *
   * @return how many slots were put into {@code found}
   */
  int advanceHand(long[] found, int wanted) {
    lock.lock();
    try {
      int count = 0;
      int turns = 0;
      while (count < wanted && turns < MAX_TURNS && !slabs.isEmpty()) {
        if (handSlab >= slabs.size()) {
          handSlab = 0;
          handOrdinal = 0;
          turns++;
          continue;
        }
        Slab slab = slabs.get(handSlab);
        int ordinal = slab.nextTaken(handOrdinal);
        if (ordinal < 0) {
          handSlab++;
          handOrdinal = 0;
          continue;
        }
        handOrdinal = ordinal + 1;
        long slot = slab.slotAddress(ordinal);
        if (!pool.age(slot)) {
          found[count++] = slot;
        }
      }
      return count;
    } finally {
      lock.unlock();
    }
  }

  private static final int MAX_TURNS = 5;

  /**
   * Chooses a slab to give up: no slot of it is handed out any more, and when the last taken one is
   * freed it goes back to the pool. A slab that was chosen before and still has taken slots,
   * because they were in the hands of another thread, comes first.
   *
   * @return the slab, or null when the class has none left to give
   */
  @Nullable Slab startDraining() {
    lock.lock();
    try {
      Slab chosen = null;
      for (Slab slab : slabs) {
        if (slab.isDraining()) {
          return slab;
        }
        chosen = slab;
      }
      if (chosen != null) {
        chosen.drain();
        withFree.remove(chosen);
        if (chosen.isEmpty()) {
          release(chosen);
        }
      }
      return chosen;
    } finally {
      lock.unlock();
    }
  }

  /** Lists the taken slots of a slab, if it still belongs to this class. */
  int takenSlots(Slab slab, long[] found) {
    lock.lock();
    try {
      int count = 0;
      if (slabs.contains(slab)) {
        for (int i = slab.nextTaken(0); i >= 0 && count < found.length; i = slab.nextTaken(i + 1)) {
          found[count++] = slab.slotAddress(i);
        }
      }
      return count;
    } finally {
      lock.unlock();
    }
  }

  /** Returns the number of slots that are taken. */
  long takenSlots() {
    lock.lock();
    try {
      long sum = 0;
      for (Slab slab : slabs) {
        sum += slab.takenCount();
      }
      return sum;
    } finally {
      lock.unlock();
    }
  }

  int slabCount() {
    lock.lock();
    try {
      return slabs.size();
    } finally {
      lock.unlock();
    }
  }

  /** Returns how many allocations found no free slot since the last {@link #drainDemand}. */
  long demand() {
    lock.lock();
    try {
      return demand;
    } finally {
      lock.unlock();
    }
  }

  /** Returns how many allocations found no free slot since the last call, and starts anew. */
  long drainDemand() {
    lock.lock();
    try {
      long result = demand;
      demand = 0;
      return result;
    } finally {
      lock.unlock();
    }
  }
}

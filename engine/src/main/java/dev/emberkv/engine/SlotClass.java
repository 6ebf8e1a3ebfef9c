package dev.emberkv.engine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * All slots of one size, and the choice of the rows that leave them: those at the end of the {@link
 * AdmissionWindow}, and for the others a hand that goes around the slots as in CLOCK (F. Corbató,
 * "A Paging Experiment with the Multics System", 1968), looks at a run of them at a time, and takes
 * the ones that were used least.
 *
 * <p>Thread-safe. Its lock is a leaf but for the pool's own: nothing else is taken under it.
 */
final class SlotClass {
  final int slotBytes;

  /** Slots that the hand looks at for one answer. */
  private static final int RUN = 512;

  /** One in so many of a run's rows are victims. */
  private static final int ROWS_PER_VICTIM = 16;

  /** The most victims of one run. */
  static final int MAX_VICTIMS = RUN / ROWS_PER_VICTIM;

  /** Free slots that are kept for rows that beat others: this many, or this share of all. */
  private static final int MAX_RESERVE = 256;

  private static final int RESERVE_SHIFT = 4;

  /** At most one in so many rows is pinned. */
  private static final int SLOTS_PER_PIN = 4;

  private final SlabPool pool;
  private final UseCounts counts;
  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayList<Slab> slabs = new ArrayList<>();
  private final ArrayDeque<Slab> withFree = new ArrayDeque<>();
  private final AdmissionWindow window = new AdmissionWindow();
  private final PinQueue pins = new PinQueue();
  private final long[] run = new long[RUN];
  private int handSlab;
  private int handOrdinal;
  private long demand;

  /** Slots, and free ones, of slabs that are not draining; read racily without the lock. */
  private int slots;

  private int freeSlots;

  /** See {@link #floor}; read racily without the lock. */
  private int floor;

  SlotClass(SlabPool pool, UseCounts counts, int slotBytes) {
    this.pool = pool;
    this.counts = counts;
    this.slotBytes = slotBytes;
  }

  /** Returns whether a row can be taken in without another one having to leave; a racy answer. */
  boolean hasRoom() {
    return freeSlots > Math.min(MAX_RESERVE, slots >> RESERVE_SHIFT) || pool.canGrow();
  }

  /** Returns whether the class has a slab that is not draining; a racy answer. */
  boolean hasSlots() {
    return slots > 0;
  }

  /**
   * Returns how often the most used of the next victims were used; a row with more uses deserves a
   * slot. A racy answer.
   */
  int floor() {
    return floor;
  }

  /** Halves the floor, with all counts. */
  void halveFloor() {
    lock.lock();
    try {
      floor >>= 1;
    } finally {
      lock.unlock();
    }
  }

  /** Returns whether a row that was read, and is not above the floor, may enter the window. */
  boolean opensWindow() {
    return window.opens();
  }

  /**
   * Takes a free slot, with a new slab if the pool has one; returns 0 when there is none.
   *
   * @param use the {@link UseCounts} byte that its row begins with
   */
  long allocate(byte use) {
    lock.lock();
    try {
      Slab slab = withFree.peekLast();
      if (slab == null) {
        slab = grow();
        if (slab == null) {
          return 0;
        }
      }
      long slot = slab.take();
      freeSlots--;
      if (!slab.hasFree()) {
        withFree.removeLast();
      }
      counts.set(slot, use);
      if (UseCounts.isWindow(use)) {
        window.add(slot);
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
      slots += slab.slots();
      freeSlots += slab.slots();
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
        return;
      }
      freeSlots++;
      if (wasFull) {
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
   * Chooses rows that are to leave for one that comes.
   *
   * @param use the {@link UseCounts} byte of the newcomer: for an ordinary one, rows that were used
   *     less; for one that enters the window, the oldest of a full window that were not used, or
   *     the least used ones; for a pinned one, the least used ones
   * @param found receives at most {@link #MAX_VICTIMS} slots
   * @return how many; 0 when no row was used less
   */
  int victims(byte use, long[] found) {
    lock.lock();
    try {
      if (UseCounts.isWindow(use)) {
        return windowVictims(found);
      }
      if (UseCounts.isPinned(use)) {
        return leastUsed(found, UseCounts.MAX_FREQUENCY + 1);
      }
      demand++;
      return leastUsed(found, UseCounts.frequency(use));
    } finally {
      lock.unlock();
    }
  }

  private int windowVictims(long[] found) {
    int most = Math.clamp(slots / (2 * ROWS_PER_VICTIM), 1, MAX_VICTIMS);
    int count = 0;
    while (count < most && (window.isFull(slots) || count > 0) && !window.isEmpty()) {
      long slot = window.poll();
      byte use = counts.get(slot);
      if (!UseCounts.isWindow(use)) {
        continue; // freed meanwhile, or pinned
      }
      boolean used = UseCounts.isUsedInWindow(use);
      window.judge(used);
      if (used && UseCounts.frequency(use) > floor) {
        counts.set(slot, UseCounts.ordinary(UseCounts.frequency(use)));
      } else {
        found[count++] = slot;
      }
    }
    return count > 0 ? count : leastUsed(found, UseCounts.MAX_FREQUENCY + 1);
  }

  /**
   * Moves the hand over a run of rows, chooses the least used ones, if they are below a limit, and
   * learns the floor.
   */
  private int leastUsed(long[] found, int limit) {
    int[] rowsOf = new int[UseCounts.MAX_FREQUENCY + 1];
    int rows = nextRun(rowsOf);
    int wanted = Math.max(1, rows / ROWS_PER_VICTIM);
    floor = quantile(rowsOf, wanted);
    int top = Math.min(floor, limit - 1);
    int count = 0;
    for (int frequency = 0; frequency <= top && count < wanted; frequency++) {
      for (int i = 0; i < rows && rowsOf[frequency] > 0 && count < wanted; i++) {
        if (UseCounts.frequency(counts.get(run[i])) == frequency) {
          found[count++] = run[i];
        }
      }
    }
    return count;
  }

  /** Returns the lowest count that at least so many rows do not exceed. */
  private static int quantile(int[] rowsOf, int wanted) {
    int sum = rowsOf[0];
    int frequency = 0;
    while (sum < wanted && frequency < rowsOf.length - 1) {
      sum += rowsOf[++frequency];
    }
    return frequency;
  }

  /** Collects the next rows that are not pinned, at most one turn of the hand, by their counts. */
  private int nextRun(int[] rowsOf) {
    int rows = 0;
    int slabsLeft = slabs.size() + 1;
    while (rows < RUN && slabsLeft > 0) {
      if (handSlab >= slabs.size()) {
        handSlab = 0;
        handOrdinal = 0;
        if (slabs.isEmpty()) {
          break;
        }
      }
      Slab slab = slabs.get(handSlab);
      // what a draining slab frees is no use to the class, and it is being emptied anyway
      int ordinal = slab.isDraining() ? -1 : slab.nextTaken(handOrdinal);
      if (ordinal < 0) {
        handSlab++;
        handOrdinal = 0;
        slabsLeft--;
        continue;
      }
      handOrdinal = ordinal + 1;
      long slot = slab.slotAddress(ordinal);
      byte use = counts.get(slot);
      if (!UseCounts.isPinned(use)) {
        rowsOf[UseCounts.frequency(use)]++;
        run[rows++] = slot;
      }
    }
    return rows;
  }

  /** Returns how many slots were pinned and not reviewed since; a racy answer. */
  int pinnedSlots() {
    return pins.size();
  }

  /** Returns whether one more row may be pinned; a racy answer. */
  boolean mayPin() {
    return pins.size() < slots / SLOTS_PER_PIN;
  }

  /**
   * Pins a taken slot until its row is used or the deadline has passed.
   *
   * @param deadlineNanos a {@link System#nanoTime}
   * @return false when too many are pinned
   */
  boolean pin(long slot, long deadlineNanos) {
    lock.lock();
    try {
      if (!mayPin()) {
        return false;
      }
      counts.set(slot, UseCounts.pinned());
      pins.add(slot, deadlineNanos);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Hears what became of a pinned row. */
  interface PinListener {
    /** A row was used; returns its count from now on. */
    int used(long slot);

    /** A row was not used before its deadline, or before it lost its slot. */
    void wasted();
  }

  /**
   * Goes through some of the pinned rows and lets those go that were used or are past their
   * deadlines.
   *
   * @param most how many to look at
   * @return how many were looked at, fewer than {@code most} when that was all
   */
  int reviewPins(int most, long nowNanos, PinListener listener) {
    lock.lock();
    try {
      int looks = Math.min(most, pins.size());
      for (int i = 0; i < looks; i++) {
        long slot = pins.slot();
        byte use = counts.get(slot);
        if (UseCounts.isPinned(use) && nowNanos - pins.deadlineNanos() < 0) {
          pins.requeue();
          continue;
        }
        pins.remove();
        if (UseCounts.isPinnedAndUsed(use)) {
          counts.set(slot, UseCounts.ordinary(listener.used(slot)));
          continue;
        }
        listener.wasted();
        if (UseCounts.isPinned(use)) {
          counts.set(slot, UseCounts.ordinary(0));
        }
      }
      return looks;
    } finally {
      lock.unlock();
    }
  }

  /** Returns how often the median of a run of rows was used: what a slab of them is worth. */
  int medianUses() {
    lock.lock();
    try {
      int[] rowsOf = new int[UseCounts.MAX_FREQUENCY + 1];
      int rows = nextRun(rowsOf);
      return quantile(rowsOf, Math.max(1, rows / 2));
    } finally {
      lock.unlock();
    }
  }

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
        slots -= chosen.slots();
        freeSlots -= chosen.slots() - chosen.takenCount();
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

  /** Returns how many searches for slots of little use there were since {@link #drainDemand}. */
  long demand() {
    lock.lock();
    try {
      return demand;
    } finally {
      lock.unlock();
    }
  }

  /** Returns {@link #demand}, and starts anew. */
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

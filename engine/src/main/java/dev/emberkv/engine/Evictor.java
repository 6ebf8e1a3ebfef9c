package dev.emberkv.engine;

import dev.emberkv.compaction.SegmentedLog;
import dev.emberkv.index.HashIndex;
import dev.emberkv.index.Location;
import dev.emberkv.uring.RawMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Writes dirty rows back and makes room in the DRAM tier.
 *
 * <p>Thread-safe: any thread that needs a slot runs it. A row is written back in three steps, and
 * no lock is held in the middle one, which may wait for the device: under the lock of the row's
 * bucket a copy is taken and the slot marked as flushing; the copy is appended to the log; under
 * the lock again the slot learns its new home, or, if the row left it meanwhile, is freed. A row
 * that was overwritten in between stays dirty, and the older record loses to its higher sequence
 * number.
 */
final class Evictor {
  /** After how many searches for a slot a class asks whether another one needs its slabs less. */
  private static final int DEMAND_PER_SLAB = 64;

  /** How often a search for a row to evict is repeated for one that is to be pinned. */
  private static final int MAX_PIN_TRIES = 8;

  /** Pinned rows that are looked at under one hold of a class's lock. */
  private static final int PINS_PER_LOCK = 1024;

  private static final long NOT_WRITTEN = 0;
  private static final long MAX_WAIT_NANOS = 30_000_000_000L;

  private final SlabPool slabs;
  private final SegmentedLog log;
  private final KeyspaceRegistry keyspaces;
  private final AdmissionPolicy policy;
  private final Counters counters;
  private final WaitRule waits;

  Evictor(
      SlabPool slabs,
      SegmentedLog log,
      KeyspaceRegistry keyspaces,
      AdmissionPolicy policy,
      Counters counters,
      WaitRule waits) {
    this.slabs = slabs;
    this.log = log;
    this.keyspaces = keyspaces;
    this.policy = policy;
    this.counters = counters;
    this.waits = waits;
  }

  /**
   * Takes a slot for a row that was read from the device, if the row deserves one.
   *
   * @param useHash see {@link Keyspace#useHash}
   * @return 0 when it does not
   */
  long admit(SlotClass slotClass, long useHash) {
    int use = policy.onRead(slotClass, useHash);
    long slot = use == AdmissionPolicy.NOT_ADMITTED ? 0 : slotClass.allocate((byte) use);
    if (slot == 0 && use != AdmissionPolicy.NOT_ADMITTED) {
      reclaim(slotClass, (byte) use, false);
      slot = slotClass.allocate((byte) use);
    }
    if (slot == 0) {
      counters.rejections.increment();
    }
    return slot;
  }

  /**
   * Takes a slot for a row that is written, and evicts rows until there is one.
   *
   * @param useHash see {@link Keyspace#useHash}
   * @throws IllegalStateException when nothing could be evicted for 30 s, which means that the
   *     budget is too small for what is in use at once
   */
  long allocate(SlotClass slotClass, long useHash) {
    byte use = (byte) policy.onWrite(slotClass, useHash);
    long slot = slotClass.allocate(use);
    if (slot != 0) {
      return slot;
    }
    waits.beforeWaiting();
    long deadline = System.nanoTime() + MAX_WAIT_NANOS;
    while (true) {
      int freed = reclaim(slotClass, use, true);
      slot = slotClass.allocate(use);
      if (slot != 0) {
        return slot;
      }
      if (freed == 0) {
        if (System.nanoTime() - deadline > 0) {
          throw new IllegalStateException(
              "no slot of %d bytes could be freed: the memory budget is too small"
                  .formatted(slotClass.slotBytes));
        }
        use = UseCounts.window(UseCounts.frequency(use)); // the floor has risen above the row
        Thread.onSpinWait();
      }
    }
  }

  /**
   * Takes a slot for a row that was asked for ahead of its use.
   *
   * @param useHash see {@link Keyspace#useHash}
   * @return 0 when there is no more room for pinned rows
   */
  long allocatePinned(SlotClass slotClass, long useHash) {
    policy.onPrefetch(useHash);
    if (slotClass.hasSlots() && !slotClass.mayPin()) {
      return 0;
    }
    long slot = slotClass.allocate(UseCounts.pinned());
    for (int tries = 0; slot == 0 && tries < MAX_PIN_TRIES; tries++) {
      reclaim(slotClass, UseCounts.pinned(), true);
      slot = slotClass.allocate(UseCounts.pinned());
    }
    return slot;
  }

  /**
   * Returns how often a row was used lately, 0 to 15, as far as that is known; inside the epoch.
   */
  int useCount(Keyspace keyspace, long hash) {
    long location = keyspace.index.lookup(hash);
    return location != Location.NONE && Location.isDram(location)
        ? UseCounts.frequency(slabs.counts().get(slabs.address(Location.granule(location))))
        : policy.estimate(keyspace.useHash(hash));
  }

  /**
   * Pins the row of a taken slot, if it might leave before it is used; its count goes to the sketch
   * meanwhile.
   */
  boolean pinResident(SlotClass slotClass, long slot, long useHash, long deadlineNanos) {
    byte use = slabs.counts().get(slot);
    int frequency = UseCounts.frequency(use);
    if (UseCounts.isPinned(use) || (use >= 0 && frequency > slotClass.floor() + 1)) {
      return true;
    }
    policy.evicted(useHash, frequency);
    return slotClass.pin(slot, deadlineNanos);
  }

  /** Lets pinned rows go that were used, or are past their deadlines. */
  void reviewPins(long now) {
    for (SlotClass slotClass : slabs.classes()) {
      int left = slotClass.pinnedSlots();
      while (left > 0) {
        int looks = slotClass.reviewPins(Math.min(left, PINS_PER_LOCK), now, pinOutcomes);
        left = looks == 0 ? 0 : left - looks;
      }
    }
  }

  private final SlotClass.PinListener pinOutcomes =
      new SlotClass.PinListener() {
        @Override
        public int used(long slot) {
          counters.prefetchesUsed.increment();
          Keyspace keyspace = keyspaces.byId(Slot.table(slot));
          return keyspace == null
              ? 0
              : policy.estimate(keyspace.useHash(keyspace.hash(Slot.key(slot))));
        }

        @Override
        public void wasted() {
          counters.prefetchesWasted.increment();
        }
      };

  /** Makes room for a newcomer; returns how many rows were evicted of its class. */
  private int reclaim(SlotClass slotClass, byte use, boolean insist) {
    boolean hasSlots = slotClass.hasSlots();
    if (!hasSlots && slotClass.slabCount() > 0) {
      drainSlab(slotClass); // who began to empty its last slab may have given up
    } else if (!hasSlots || slotClass.demand() >= DEMAND_PER_SLAB) {
      takeSlabFor(slotClass, UseCounts.frequency(use), insist && !hasSlots);
    }
    long[] found = new long[SlotClass.MAX_VICTIMS];
    int count = slotClass.victims(use, found);
    return evictAll(found, count, slotClass.slotBytes);
  }

  private int evictAll(long[] slots, int count, int slotBytes) {
    int freed = 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment scratch = arena.allocate(slotBytes, 64);
      for (int i = 0; i < count; i++) {
        if (evict(slots[i], scratch)) {
          freed++;
        }
      }
    }
    return freed;
  }

  /**
   * Moves a slab to a class from the one that searched for slots least of late, if that is less
   * than half as often: classes under equal pressure would only evict each other's rows. A slab
   * whose rows are typically used as often as the newcomer, or more, stays where it is.
   *
   * @param insist whether some other class must give a slab, however often its rows are used
   */
  private void takeSlabFor(SlotClass needy, int frequency, boolean insist) {
    long demand = needy.drainDemand();
    SlotClass donor = null;
    long leastDemand = insist ? Long.MAX_VALUE : demand / 2;
    for (SlotClass candidate : slabs.classes()) {
      if (candidate != needy && candidate.slabCount() > 0) {
        long candidateDemand = candidate.drainDemand();
        if (candidateDemand <= leastDemand && (insist || candidate.medianUses() <= frequency)) {
          leastDemand = candidateDemand;
          donor = candidate;
        }
      }
    }
    if (donor != null) {
      drainSlab(donor);
    }
  }

  /**
   * Evicts a whole slab of a class; rows in the hands of another thread keep it a little longer.
   */
  private void drainSlab(SlotClass donor) {
    Slab slab = donor.startDraining();
    if (slab != null) {
      long[] taken = new long[(int) (SlabPool.SLAB_BYTES / donor.slotBytes)];
      int count = donor.takenSlots(slab, taken);
      evictAll(taken, count, donor.slotBytes);
    }
  }

  /** Gives slabs back while the pool has more than its limit, as the index grows. */
  void shrinkToLimit() {
    slabs.reviseLimit();
    for (int excess = slabs.excessSlabs(); excess > 0; excess--) {
      SlotClass largest = null;
      for (SlotClass candidate : slabs.classes()) {
        if (largest == null || candidate.slabCount() > largest.slabCount()) {
          largest = candidate;
        }
      }
      if (largest != null) {
        drainSlab(largest);
      }
    }
  }

  /** Moves the row of a slot to its home in the log; returns whether the slot was freed. */
  private boolean evict(long slot, MemorySegment scratch) {
    Keyspace keyspace = keyspaces.byId(Slot.table(slot));
    if (keyspace == null) {
      return false;
    }
    long hash = keyspace.hash(Slot.key(slot));
    long hot = Location.dram(slabs.granule(slot));
    long home = keyspace.index.lock(hash);
    long state;
    try {
      state = Slot.state(slot);
      if (!keyspace.holds(home, hash, hot)
          || Slot.has(state, Slot.FLUSHING)
          || !fits(state, scratch)) {
        return false;
      }
      if (!Slot.has(state, Slot.DIRTY)) {
        keyspace.index.replace(home, hash, hot, Location.cold(Slot.home(state)));
      } else {
        beginWriteBack(slot, state, scratch.address());
      }
    } finally {
      HashIndex.unlock(home);
    }
    if (!Slot.has(state, Slot.DIRTY)) {
      noteUses(keyspace, hash, slot);
      slabs.free(slot);
      counters.evictionsClean.increment();
      return true;
    }
    return finishWriteBack(keyspace, slot, scratch.address(), true);
  }

  /** What a write-back came to. */
  enum WriteBack {
    /** The row is in the log, or has left the slot, which it does not before it is. */
    DONE,
    /** Another thread is writing the row back. */
    BUSY,
    /** The row is newer than asked for, or than the slab's slots. */
    NEWER
  }

  /**
   * Writes the row of a slot to the log if it is dirty; it stays in DRAM.
   *
   * @return false when it may not be there yet
   */
  boolean writeBack(long slot) {
    int bytes = Slot.HEADER_BYTES + Slot.payloadBytes(Slot.state(slot));
    if (bytes > SlabPool.SLAB_BYTES) {
      return false;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment scratch = arena.allocate(bytes, 64);
      return writeBack(slot, scratch, Long.MAX_VALUE) == WriteBack.DONE;
    }
  }

  /**
   * Writes the row of a slot to the log if it is dirty; it stays in DRAM.
   *
   * @param scratch as large as a slot of its class
   * @param newest the highest sequence number that a row is to be written with
   */
  WriteBack writeBack(long slot, MemorySegment scratch, long newest) {
    long seen = Slot.state(slot);
    if (!Slot.has(seen, Slot.DIRTY | Slot.FLUSHING)) {
      return WriteBack.DONE;
    }
    Keyspace keyspace = keyspaces.byId(Slot.table(slot));
    if (keyspace == null) {
      return WriteBack.DONE;
    }
    long hash = keyspace.hash(Slot.key(slot));
    long home = keyspace.index.lock(hash);
    try {
      long state = Slot.state(slot);
      if (!keyspace.holds(home, hash, Location.dram(slabs.granule(slot)))) {
        return WriteBack.DONE;
      }
      if (Slot.has(state, Slot.FLUSHING)) {
        return WriteBack.BUSY;
      }
      if (!Slot.has(state, Slot.DIRTY)) {
        return WriteBack.DONE;
      }
      if (Slot.sequence(slot) > newest || !fits(state, scratch)) {
        return WriteBack.NEWER;
      }
      beginWriteBack(slot, state, scratch.address());
    } finally {
      HashIndex.unlock(home);
    }
    finishWriteBack(keyspace, slot, scratch.address(), false);
    return WriteBack.DONE;
  }

  /**
   * Frees the slots of a keyspace that no operation uses any more, at most with a write-back under
   * way: threads that wait for a slot can have them before the keyspace is gone.
   */
  void freeSlots(Keyspace keyspace) {
    long[] taken = new long[(int) (SlabPool.SLAB_BYTES / Slot.MIN_BYTES)];
    for (int slab = 0; slab < slabs.slabCount(); slab++) {
      int count = slabs.takenSlots(slab, taken);
      for (int i = 0; i < count; i++) {
        if (Slot.table(taken[i]) == keyspace.id) {
          freeSlot(keyspace, taken[i]);
        }
      }
    }
  }

  private void freeSlot(Keyspace keyspace, long slot) {
    long hash = keyspace.hash(Slot.key(slot));
    long hot = Location.dram(slabs.granule(slot));
    boolean free = false;
    long dead = NOT_WRITTEN;
    long home = keyspace.index.lock(hash);
    try {
      if (keyspace.holds(home, hash, hot)) {
        dead = Slot.home(Slot.state(slot));
        keyspace.index.remove(home, hash, hot);
        free = keyspace.detach(hot);
      }
    } finally {
      HashIndex.unlock(home);
    }
    if (dead != NOT_WRITTEN) {
      log.markDead(dead);
    }
    if (free) {
      slabs.free(slot);
    }
  }

  /** Returns whether a row fits: its slab may have gone to a class of larger slots meanwhile. */
  private static boolean fits(long state, MemorySegment scratch) {
    return Slot.HEADER_BYTES + Slot.payloadBytes(state) <= scratch.byteSize();
  }

  private static void beginWriteBack(long slot, long state, long scratch) {
    RawMemory.copy(slot, scratch, Slot.HEADER_BYTES + Slot.payloadBytes(state));
    Slot.setState(slot, (state & ~Slot.DIRTY) | Slot.FLUSHING);
  }

  /** Appends the copy and tells the slot; returns whether the slot was freed. */
  private boolean finishWriteBack(Keyspace keyspace, long slot, long scratch, boolean evict) {
    long written;
    try {
      written =
          log.append(
              Slot.kind(scratch),
              Slot.table(scratch),
              Slot.key(scratch),
              Slot.sequence(scratch),
              Slot.time(scratch),
              Slot.payload(scratch),
              Slot.payloadBytes(Slot.state(scratch)));
    } catch (RuntimeException e) {
      settle(keyspace, slot, Slot.key(scratch), NOT_WRITTEN, false);
      throw e;
    }
    return settle(keyspace, slot, Slot.key(scratch), written, evict);
  }

  /** The last step of a write-back; returns whether the slot was freed. */
  private boolean settle(Keyspace keyspace, long slot, long key, long written, boolean evict) {
    long hash = keyspace.hash(key);
    boolean free = false;
    long dead = NOT_WRITTEN;
    long home = keyspace.index.lock(hash);
    try {
      long state = Slot.state(slot) & ~Slot.FLUSHING;
      if (Slot.has(state, Slot.ORPHAN)) {
        free = true;
        dead = written;
      } else if (written == NOT_WRITTEN) {
        Slot.setState(slot, state | Slot.DIRTY);
        slabs.markDirty(slot);
      } else {
        dead = Slot.home(state);
        state = Slot.withHome(state, written);
        Slot.setState(slot, state);
        if (evict && !Slot.has(state, Slot.DIRTY)) {
          long hot = Location.dram(slabs.granule(slot));
          keyspace.index.replace(home, hash, hot, Location.cold(written));
          noteUses(keyspace, hash, slot);
          counters.evictionsDirty.increment();
          free = true;
        }
      }
    } finally {
      HashIndex.unlock(home);
    }
    if (dead != NOT_WRITTEN) {
      log.markDead(dead);
    }
    if (free) {
      slabs.free(slot);
    }
    return free;
  }

  /** Keeps the count of a row that leaves its slot. */
  private void noteUses(Keyspace keyspace, long hash, long slot) {
    policy.evicted(keyspace.useHash(hash), UseCounts.frequency(slabs.counts().get(slot)));
  }

  /** Looks a keyspace up by the id in a header; null when it was dropped. */
  interface KeyspaceRegistry {
    @Nullable Keyspace byId(int id);
  }
}

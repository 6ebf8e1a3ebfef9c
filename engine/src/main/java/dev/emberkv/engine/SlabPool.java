package dev.emberkv.engine;

import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.uring.NativeMemory;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The DRAM tier's memory: slabs of one huge page each, cut into slots of one size class, which move
 * between the classes when the mix changes.
 *
 * <p>Thread-safe. Slot memory stays mapped while the pool is open, so a reader that races with a
 * reuse reads a wrong row at worst, which the index's version check throws away; behind the last
 * slab one more stays reserved, so that a length misread in such a race can't lead past the
 * mapping.
 */
final class SlabPool implements AutoCloseable {
  /** The size of a slab: a huge page. */
  static final long SLAB_BYTES = NativeMemory.HUGE_PAGE_BYTES;

  private static final VarHandle DIRTY = MethodHandles.arrayElementVarHandle(byte[].class);

  /** Uses are counted once the pool has handed out so many eighths of what it may. */
  private static final int COUNTED_EIGHTHS = 7;

  private final NativeMemory arena;
  private final UseCounts counts;
  private final Slab[] slabs;
  private final byte[] dirty;
  private final LongSupplier limitBytes;
  private final ConcurrentSkipListMap<Integer, SlotClass> classes = new ConcurrentSkipListMap<>();

  private final Object freeLock = new Object();
  private final ArrayDeque<Slab> freeSlabs = new ArrayDeque<>();
  private int nextFresh;
  private volatile int assigned;

  /** Whether a slab was asked for and refused, and none came back since; read racily. */
  private boolean full;

  /** Whether memory is running out, so that uses must be known; read racily. */
  private boolean counting;

  /**
   * Reserves the arena; physical memory comes slab by slab.
   *
   * @param maxBytes the most that the pool can ever take
   * @param limitBytes what it may take now; it may shrink while the index grows
   */
  SlabPool(long maxBytes, LongSupplier limitBytes) {
    int count = Math.toIntExact(Math.max(1, maxBytes / SLAB_BYTES));
    this.arena = NativeMemory.reserve((count + 1) * SLAB_BYTES);
    this.counts = new UseCounts(arena.address(), count * SLAB_BYTES);
    this.slabs = new Slab[count];
    this.dirty = new byte[count];
    for (int i = 0; i < count; i++) {
      slabs[i] = new Slab(i, arena.address() + i * SLAB_BYTES);
    }
    this.limitBytes = limitBytes;
  }

  /** Returns the class of slots of exactly this size. */
  SlotClass slotClass(int slotBytes) {
    if (slotBytes < Slot.MIN_BYTES || slotBytes > SLAB_BYTES) {
      throw new IllegalArgumentException(
          "slots have %d to %d bytes, not %d".formatted(Slot.MIN_BYTES, SLAB_BYTES, slotBytes));
    }
    return classes.computeIfAbsent(slotBytes, size -> new SlotClass(this, counts, size));
  }

  /**
   * Returns the class for a payload: rows, of which many have one width, get slots of exactly
   * theirs, string values sizes that grow by at most a quarter.
   */
  SlotClass classFor(int kind, int payloadBytes) {
    return slotClass(slotBytes(kind, payloadBytes));
  }

  /** Returns the size of the slots of {@link #classFor}. */
  static int slotBytes(int kind, int payloadBytes) {
    int bytes = Slot.bytesFor(payloadBytes);
    if (kind == RecordFormat.ROW || bytes <= 8 * Slot.GRANULE_BYTES) {
      return bytes;
    }
    int step = Integer.highestOneBit(bytes - 1) / 4;
    return Math.ceilDiv(bytes, step) * step;
  }

  Collection<SlotClass> classes() {
    return classes.values();
  }

  /** Gives a slot back. The caller must be the only one that knows it. */
  void free(long slot) {
    Slab slab = slabOf(slot);
    counts.set(slot, UseCounts.ordinary(0));
    slab.owner().free(slab, slot);
  }

  Slab slabOf(long slot) {
    return slabs[(int) ((slot - arena.address()) / SLAB_BYTES)];
  }

  /** Returns the address that an index location of the DRAM tier stands for. */
  long address(long granule) {
    return arena.address() + granule * Slot.GRANULE_BYTES;
  }

  /** Returns the granule number of a slot, for an index location. */
  long granule(long slot) {
    return (slot - arena.address()) / Slot.GRANULE_BYTES;
  }

  /** Notes that a slot holds a row that the log does not have yet. */
  void markDirty(long slot) {
    int slab = (int) ((slot - arena.address()) / SLAB_BYTES);
    if ((byte) DIRTY.getOpaque(dirty, slab) == 0) {
      DIRTY.setOpaque(dirty, slab, (byte) 1);
    }
  }

  /** Returns the next slab from a number on that has been marked since the last time, or -1. */
  int takeDirtySlab(int from) {
    for (int i = from; i < dirty.length; i++) {
      if ((byte) DIRTY.getOpaque(dirty, i) != 0) {
        DIRTY.setVolatile(dirty, i, (byte) 0);
        return i;
      }
    }
    return -1;
  }

  /** Returns the next slab from a number on that is marked, and stays so, or -1. */
  int nextDirtySlab(int from) {
    for (int i = from; i < dirty.length; i++) {
      if ((byte) DIRTY.getOpaque(dirty, i) != 0) {
        return i;
      }
    }
    return -1;
  }

  /** Marks a slab whose mark was taken too early. */
  void markDirtySlab(int slab) {
    DIRTY.setOpaque(dirty, slab, (byte) 1);
  }

  /** Returns how many slabs there can be. */
  int slabCount() {
    return slabs.length;
  }

  /** Lists the taken slots of a slab. */
  int takenSlots(int slab, long[] found) {
    SlotClass owner = slabs[slab].ownerOrNull();
    return owner == null ? 0 : owner.takenSlots(slabs[slab], found);
  }

  /** Returns the size of the slots of a slab, or 0 while it belongs to no class. */
  int slotBytes(int slab) {
    SlotClass owner = slabs[slab].ownerOrNull();
    return owner == null ? 0 : owner.slotBytes;
  }

  /**
   * Notes a use of a slot. While there is memory for every row, nothing will ask for the counts and
   * none are kept.
   */
  void touch(long slot) {
    if (counting) {
      counts.touch(slot);
    }
  }

  /** Keeps counts from now on, however much memory there is: the uses of pinned rows matter. */
  void startCounting() {
    counting = true;
  }

  UseCounts counts() {
    return counts;
  }

  /** Halves the counts of a slab's ordinary rows. */
  void halveCounts(int slab) {
    counts.halve(slabs[slab].address, SLAB_BYTES);
  }

  /** Returns the number of slabs that have ever been handed out; these are the first ones. */
  int usedSlabs() {
    synchronized (freeLock) {
      return nextFresh;
    }
  }

  /** Returns whether a class may still get a slab; a racy answer. */
  boolean canGrow() {
    return !full;
  }

  /** Returns what slabs may take now. */
  long limitBytes() {
    return Math.min((long) slabs.length * SLAB_BYTES, limitBytes.getAsLong());
  }

  /** Looks again whether there is room, after the limit may have moved. */
  void reviseLimit() {
    synchronized (freeLock) {
      full = assigned >= Math.min(slabs.length, limitBytes.getAsLong() / SLAB_BYTES);
    }
  }

  /** Takes a slab that belongs to no class; null when the limit is reached. */
  @Nullable Slab takeFreeSlab() {
    synchronized (freeLock) {
      long limit = limitBytes.getAsLong() / SLAB_BYTES;
      if (assigned >= limit) {
        full = true;
        counting = true;
        return null;
      }
      Slab slab = freeSlabs.pollLast();
      if (slab == null && nextFresh < slabs.length) {
        slab = slabs[nextFresh++];
      }
      if (slab != null) {
        assigned++;
        counting |= assigned > limit * COUNTED_EIGHTHS / 8;
      } else {
        full = true;
      }
      return slab;
    }
  }

  /** Takes back an empty slab; over the limit its physical memory goes back to the system. */
  void giveBack(Slab slab) {
    long limit = limitBytes.getAsLong() / SLAB_BYTES;
    synchronized (freeLock) {
      assigned--;
      full = assigned >= limit;
      if (assigned + freeSlabs.size() >= limit) {
        arena.release(slab.number * SLAB_BYTES, SLAB_BYTES);
      }
      freeSlabs.addLast(slab);
    }
  }

  /** Gives the physical memory of free slabs that are beyond the limit back to the system. */
  void releaseFreeSlabs() {
    synchronized (freeLock) {
      long kept = Math.max(0, limitBytes.getAsLong() / SLAB_BYTES - assigned);
      long surplus = freeSlabs.size() - kept;
      for (Slab slab : freeSlabs) {
        if (surplus-- <= 0) {
          break;
        }
        arena.release(slab.number * SLAB_BYTES, SLAB_BYTES);
      }
    }
  }

  /** Returns how many slabs are taken beyond the limit. */
  int excessSlabs() {
    return (int) Math.max(0, assigned - limitBytes.getAsLong() / SLAB_BYTES);
  }

  /** Returns the number of slots that hold rows, or are about to. */
  long takenSlots() {
    long sum = 0;
    for (SlotClass slotClass : classes.values()) {
      sum += slotClass.takenSlots();
    }
    return sum;
  }

  /** Returns the bytes of the taken slots. */
  long takenBytes() {
    long sum = 0;
    for (SlotClass slotClass : classes.values()) {
      sum += slotClass.takenSlots() * slotClass.slotBytes;
    }
    return sum;
  }

  /** Returns the bytes of all slabs that belong to a class. */
  long assignedBytes() {
    return assigned * SLAB_BYTES;
  }

  @Override
  public void close() {
    arena.close();
    counts.close();
  }
}

package dev.emberkv.engine;

import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;
import org.jspecify.annotations.Nullable;

/**
 * Counts how often ids were seen that have no row, in bounded memory outside of the heap: exactly
 * in open-addressing tables as long as there is room, then in a count-min sketch (G. Cormode, S.
 * Muthukrishnan, J. Algorithms 55, 2005) with conservative update, which never counts too little.
 * When the sketch fills up as well, all counts are halved; those that were 1 are forgotten.
 *
 * <p>Thread-safe: each id belongs to one of a few stripes, which have a lock each.
 */
final class SightCounts implements AutoCloseable {
  /** The highest count. */
  static final int MAX_COUNT = 255;

  private static final int STRIPE_BITS = 3;
  private static final int PAGE_BYTES = 4096;

  /** Key and count of a cell. */
  private static final int CELL_BYTES = Long.BYTES + 1;

  /** Of a stripe's memory, the sketch has one part in so many. */
  private static final int SKETCH_SHARE = 4;

  private static final int SKETCH_ROWS = 4;

  /** Counters of the sketch for each id in it: one in four is in use when it is full. */
  private static final int COUNTERS_PER_ID = 16;

  private static final long[] SALTS = {
    0x9e3779b97f4a7c15L, 0xc2b2ae3d27d4eb4fL, 0x165667b19e3779f9L, 0xd6e8feb86659fd93L
  };

  private final Stripe[] stripes = new Stripe[1 << STRIPE_BITS];

  /** Makes counters that take at most so many bytes, or 8 KiB a stripe if that is more. */
  SightCounts(long maxBytes) {
    long each = Math.max(2 * PAGE_BYTES, maxBytes >>> STRIPE_BITS) / PAGE_BYTES * PAGE_BYTES;
    long sketchBytes = Math.max(PAGE_BYTES, each / SKETCH_SHARE / PAGE_BYTES * PAGE_BYTES);
    for (int i = 0; i < stripes.length; i++) {
      stripes[i] = new Stripe(each - sketchBytes, sketchBytes);
    }
  }

  /** Counts an id that was seen so many times; returns the count, {@link #MAX_COUNT} at most. */
  int add(long hash, int times) {
    return stripe(hash).add(hash, times);
  }

  /** Returns the count of an id. */
  int count(long hash) {
    return stripe(hash).count(hash);
  }

  /** Forgets an id, as far as it does not share its counters. */
  void forget(long hash) {
    stripe(hash).forget(hash);
  }

  /** Returns the memory that is taken. */
  long memoryBytes() {
    long sum = 0;
    for (Stripe stripe : stripes) {
      sum += stripe.memoryBytes();
    }
    return sum;
  }

  /** Gives the memory back; nobody counts any more. */
  @Override
  public void close() {
    for (Stripe stripe : stripes) {
      stripe.close();
    }
  }

  private Stripe stripe(long hash) {
    return stripes[(int) (hash & (stripes.length - 1))];
  }

  /** The counters of a share of the ids. All methods take its monitor. */
  private static final class Stripe {
    private final long maxTableBytes;
    private final long sketchBytes;
    private NativeMemory memory;
    private long cells;
    private long used;
    private @Nullable NativeMemory sketch;
    private long inSketch;

    Stripe(long maxTableBytes, long sketchBytes) {
      this.maxTableBytes = maxTableBytes;
      this.sketchBytes = sketchBytes;
      this.memory = NativeMemory.reserveSmallPages(PAGE_BYTES);
      this.cells = memory.sizeBytes() / CELL_BYTES;
    }

    synchronized int add(long hash, int times) {
      long cell = find(hash);
      if (countAt(cell) == 0 && isFull()) {
        return addToSketch(hash, times);
      }
      int before = countAt(cell);
      if (before == 0) {
        before = estimate(hash);
        if (used + 1 > limit()) {
          grow();
          cell = find(hash);
        }
        RawMemory.putLong(keyAddress(cell), hash);
        used++;
      }
      int count = Math.min(MAX_COUNT, before + times);
      setCount(cell, count);
      return count;
    }

    synchronized int count(long hash) {
      int count = countAt(find(hash));
      return count == 0 ? estimate(hash) : count;
    }

    synchronized void forget(long hash) {
      long cell = find(hash);
      if (countAt(cell) == 0) {
        return;
      }
      used--;
      // Closes the gap: what stands behind it and may stand in it moves there.
      long gap = cell;
      for (long at = after(gap); countAt(at) != 0; at = after(at)) {
        long home = home(RawMemory.getLong(keyAddress(at)), cells);
        boolean mayMove = gap <= at ? home <= gap || home > at : home <= gap && home > at;
        if (mayMove) {
          RawMemory.putLong(keyAddress(gap), RawMemory.getLong(keyAddress(at)));
          setCount(gap, countAt(at));
          gap = at;
        }
      }
      setCount(gap, 0);
    }

    synchronized long memoryBytes() {
      return memory.sizeBytes() + (sketch == null ? 0 : sketch.sizeBytes());
    }

    synchronized void close() {
      memory.close();
      if (sketch != null) {
        sketch.close();
      }
    }

    // The table: all keys, then all counts; a count of 0 is a free cell.

    private boolean isFull() {
      return used + 1 > limit() && memory.sizeBytes() >= maxTableBytes;
    }

    /** How many cells may be in use. */
    private long limit() {
      return cells - cells / 8;
    }

    /** Returns the cell of an id, or the free one where it would go. */
    private long find(long hash) {
      long cell = home(hash, cells);
      while (countAt(cell) != 0 && RawMemory.getLong(keyAddress(cell)) != hash) {
        cell = after(cell);
      }
      return cell;
    }

    private static long home(long hash, long cells) {
      return Math.unsignedMultiplyHigh(hash, cells);
    }

    private long after(long cell) {
      return cell + 1 == cells ? 0 : cell + 1;
    }

    private long keyAddress(long cell) {
      return memory.address() + cell * Long.BYTES;
    }

    private int countAt(long cell) {
      return Byte.toUnsignedInt(RawMemory.getByte(memory.address() + cells * Long.BYTES + cell));
    }

    private void setCount(long cell, int count) {
      RawMemory.putByte(memory.address() + cells * Long.BYTES + cell, (byte) count);
    }

    private void grow() {
      rebuild(Math.min(2 * memory.sizeBytes(), maxTableBytes), 0);
    }

    /** Moves all counts, shifted right, to a table of so many bytes. */
    private void rebuild(long bytes, int shift) {
      NativeMemory old = memory;
      long oldCells = cells;
      memory = NativeMemory.reserveSmallPages(bytes);
      cells = memory.sizeBytes() / CELL_BYTES;
      used = 0;
      long oldCounts = old.address() + oldCells * Long.BYTES;
      for (long cell = 0; cell < oldCells; cell++) {
        int count = Byte.toUnsignedInt(RawMemory.getByte(oldCounts + cell)) >>> shift;
        if (count > 0) {
          long hash = RawMemory.getLong(old.address() + cell * Long.BYTES);
          long target = find(hash);
          RawMemory.putLong(keyAddress(target), hash);
          setCount(target, count);
          used++;
        }
      }
      old.close();
    }

    // The sketch: one byte a counter, four of which are an id's.

    private int estimate(long hash) {
      NativeMemory counters = sketch;
      if (counters == null) {
        return 0;
      }
      int least = MAX_COUNT;
      for (int row = 0; row < SKETCH_ROWS; row++) {
        least =
            Math.min(least, Byte.toUnsignedInt(RawMemory.getByte(counter(counters, hash, row))));
      }
      return least;
    }

    private int addToSketch(long hash, int times) {
      NativeMemory counters = sketch;
      if (counters == null) {
        counters = NativeMemory.reserveSmallPages(sketchBytes);
        sketch = counters;
      }
      int before = estimate(hash);
      int count = Math.min(MAX_COUNT, before + times);
      for (int row = 0; row < SKETCH_ROWS; row++) {
        long at = counter(counters, hash, row);
        if (Byte.toUnsignedInt(RawMemory.getByte(at)) < count) {
          RawMemory.putByte(at, (byte) count);
        }
      }
      if (before == 0 && ++inSketch * COUNTERS_PER_ID > sketchBytes) {
        halve(counters);
      }
      return count;
    }

    private static long counter(NativeMemory counters, long hash, int row) {
      long mixed = (hash ^ (hash >>> 29)) * SALTS[row];
      mixed ^= mixed >>> 32;
      return counters.address()
          + Math.unsignedMultiplyHigh(mixed * SALTS[row], counters.sizeBytes());
    }

    private void halve(NativeMemory counters) {
      rebuild(memory.sizeBytes(), 1);
      long left = 0;
      for (long at = 0; at < counters.sizeBytes(); at++) {
        int count = Byte.toUnsignedInt(RawMemory.getByte(counters.address() + at)) >>> 1;
        RawMemory.putByte(counters.address() + at, (byte) count);
        left += count > 0 ? 1 : 0;
      }
      inSketch = left / SKETCH_ROWS;
    }
  }
}

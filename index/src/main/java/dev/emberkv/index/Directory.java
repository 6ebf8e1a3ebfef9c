package dev.emberkv.index;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;

/**
 * The arrays of an index: it starts growths, drives them and gives old memory back.
 *
 * <p>Growing is one step to the {@linkplain Geometry#next next geometry}. It starts when an insert
 * finds the load above {@link #GROWTH_LOAD}, and every insert then moves about {@link
 * #HOMES_PER_INSERT} homes, counted over all inserting threads, so it ends before another 4 % of
 * the capacity is used. Nothing ever waits for a growth.
 *
 * <p>State owner: the layout is read by all threads (acquire, pairs with the release where it is
 * set); it is changed, and everything else here is read and changed, by the thread that holds the
 * growth lock, which is a flag that inserts only try to take.
 */
final class Directory implements AutoCloseable {
  /** Share of used slots at which the next array is begun. */
  static final double GROWTH_LOAD = 0.87;

  /** Share of used slots from which on a growth does not wait for memory to be touched. */
  static final double URGENT_LOAD = 0.92;

  private static final int HOMES_PER_INSERT = 4;

  /** What one insert does at most when others have inserted while none could take the lock. */
  private static final int MAX_HOMES_PER_CALL = 64;

  private static final VarHandle LAYOUT;
  private static final VarHandle GROWTH_LOCK;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      LAYOUT = lookup.findVarHandle(Directory.class, "layout", Layout.class);
      GROWTH_LOCK = lookup.findVarHandle(Directory.class, "growthLock", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final BucketMemory memory = new BucketMemory();
  private final Migration migration;
  private Layout layout;

  @SuppressWarnings("unused") // Reached through GROWTH_LOCK.
  private boolean growthLock;

  private long sizeAtStart;
  private long growths;

  Directory(Migration migration, Geometry start) {
    this.migration = migration;
    BucketArray first = memory.allocate(start);
    first.initializeThrough(first.geometry.homes() - 1);
    layout = new Layout(first, null);
  }

  Layout layout() {
    return (Layout) LAYOUT.getAcquire(this);
  }

  /** Returns the array of a home whose lock the caller holds: it can't have moved. */
  BucketArray arrayOfLocked(long home) {
    return Objects.requireNonNull(layout().arrayOf(home), "the home is not locked");
  }

  /**
   * Grows a little if it is time to.
   *
   * @param size how many entries there are, about
   */
  void help(long size) {
    Layout now = layout();
    if (now.next == null && size < now.current.growAtSize) {
      return;
    }
    if (GROWTH_LOCK.compareAndSet(this, false, true)) {
      try {
        grow(size);
      } finally {
        GROWTH_LOCK.setRelease(this, false);
      }
    }
  }

  private void grow(long size) {
    Layout now = layout;
    BucketArray to = now.next;
    if (to == null) {
      if (size < now.current.growAtSize) {
        return;
      }
      to = memory.allocate(now.current.geometry.next());
      now = new Layout(now.current, to);
      sizeAtStart = size;
      LAYOUT.setRelease(this, now);
    }
    BucketArray from = now.current;
    long front = now.front();
    long due = Math.max(front + 1, HOMES_PER_INSERT * (size - sizeAtStart + 1));
    long end = Math.min(Math.min(due, front + MAX_HOMES_PER_CALL), from.geometry.homes());
    long lastTarget = to.geometry.homeOf(from.geometry.firstHash(end) - 1);
    if (!to.prepare(lastTarget) && size < from.urgentSize) {
      return;
    }
    while (front < end && migration.move(now, from, to)) {
      front++;
    }
    if (front < from.geometry.homes()) {
      from.releaseBefore(front);
      return;
    }
    LAYOUT.setRelease(this, new Layout(to, null));
    from.settle();
    from.releaseAll();
    growths++;
  }

  /** Returns the physical memory of all arrays, in bytes. */
  long memoryBytes() {
    lockGrowth();
    try {
      BucketArray next = layout.next;
      return layout.current.touchedBytes() + (next == null ? 0 : next.touchedBytes());
    } finally {
      GROWTH_LOCK.setRelease(this, false);
    }
  }

  /** Returns how many times the index has grown. */
  long growths() {
    lockGrowth();
    try {
      return growths;
    } finally {
      GROWTH_LOCK.setRelease(this, false);
    }
  }

  /** Returns how many entries were resolved through their rows. */
  long resolved() {
    lockGrowth();
    try {
      return migration.resolved();
    } finally {
      GROWTH_LOCK.setRelease(this, false);
    }
  }

  private void lockGrowth() {
    for (int spins = 0; !GROWTH_LOCK.compareAndSet(this, false, true); spins++) {
      HomeLock.pause(spins);
    }
  }

  /** Unmaps all arrays; no other thread may use the index any more. */
  @Override
  public void close() {
    layout.current.settle();
    if (layout.next != null) {
      layout.next.settle();
    }
    memory.close();
  }
}

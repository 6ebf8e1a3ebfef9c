package dev.emberkv.engine;

import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Decides which rows get a slot in DRAM, and how: a TinyLFU filter before rows whose use counts
 * their slots hold, and a small window for those that have no history yet ({@code
 * docs/adr/0005-admission-and-eviction.md} has the reasons and the figures).
 *
 * <p>A row that is not in DRAM is counted by the {@link FrequencySketch}, one that is by its {@link
 * UseCounts} byte, and the count moves with the row. While there is room every row gets a slot.
 * Then a row enters for good if its count is above its class's {@link SlotClass#floor}, which is
 * that of the next victims. A row below it passes through the window if it was written, which needs
 * a slot, or if rows in the window have been used again of late; else it stays out.
 *
 * <p>All counts are halved each time that the sketch has counted as many repeated requests as there
 * are resident rows. What is asked for only once ages nothing: a scan leaves the counts alone.
 *
 * <p>Thread-safe, without locks. The passes over the counts are cut into pieces, of which each
 * request that is counted meanwhile does one.
 */
final class AdmissionPolicy implements AutoCloseable {
  /** The answer for a row that gets no slot. */
  static final int NOT_ADMITTED = Integer.MIN_VALUE;

  private static final long LEAST_REPEATS = 1024;

  /** Counters of the sketch per repeated request between two halvings, at least. */
  private static final int COUNTERS_PER_REPEAT = 3;

  private final SlabPool slabs;
  private final FrequencySketch sketch;
  private final Object startLock = new Object();
  private volatile @Nullable Sweep sweep;
  private long repeatsAtHalving;
  private long repeatsDue = LEAST_REPEATS;

  /** A pass over the counts, done by many threads. */
  private record Sweep(boolean halves, int pieces, AtomicInteger next) {}

  AdmissionPolicy(SlabPool slabs, long sketchBytes) {
    this.slabs = slabs;
    this.sketch = new FrequencySketch(sketchBytes);
  }

  /**
   * Decides about a row that was read from the device.
   *
   * @param useHash names the row among those of all tables
   * @return the {@link UseCounts} byte that it enters with, or {@link #NOT_ADMITTED}
   */
  int onRead(SlotClass slotClass, long useHash) {
    if (slotClass.hasRoom()) {
      return UseCounts.ordinary(1);
    }
    int frequency = count(useHash);
    if (frequency > slotClass.floor()) {
      return UseCounts.ordinary(frequency);
    }
    return slotClass.opensWindow() ? UseCounts.window(frequency) : NOT_ADMITTED;
  }

  /**
   * Decides about a row that is written and needs a slot. Being written is not a use yet: of rows
   * that are only written the newest stay.
   *
   * @return the {@link UseCounts} byte that it enters with
   */
  int onWrite(SlotClass slotClass, long useHash) {
    if (slotClass.hasRoom()) {
      return UseCounts.ordinary(0);
    }
    int frequency = count(useHash);
    return frequency > slotClass.floor()
        ? UseCounts.ordinary(frequency - 1)
        : UseCounts.window(frequency - 1);
  }

  /** Counts a request for a row that gets a slot whatever its count is. */
  void onPrefetch(long useHash) {
    count(useHash);
  }

  /** Returns how often a row was asked for, as far as that is known outside of its slot. */
  int estimate(long useHash) {
    return sketch.estimate(useHash);
  }

  /** Notes that a row lost its slot, or its count there, with that count. */
  void evicted(long useHash, int frequency) {
    sketch.raise(useHash, frequency);
  }

  private int count(long useHash) {
    int frequency = sketch.record(useHash);
    Sweep current = sweep;
    if (current != null) {
      help(current);
    } else if (sketch.repeats() - repeatsAtHalving >= repeatsDue) {
      startHalving();
    } else if (sketch.isDoorkeeperFull()) {
      start(false);
    }
    return frequency;
  }

  private void startHalving() {
    long repeats = sketch.repeats();
    long most = Math.max(LEAST_REPEATS, sketch.counters() / COUNTERS_PER_REPEAT);
    repeatsDue = Math.clamp(slabs.takenSlots(), LEAST_REPEATS, most);
    if (repeats - repeatsAtHalving >= repeatsDue && start(true)) {
      for (SlotClass slotClass : slabs.classes()) {
        slotClass.halveFloor();
      }
    }
  }

  private boolean start(boolean halves) {
    synchronized (startLock) {
      if (sweep != null) {
        return false;
      }
      if (halves) {
        repeatsAtHalving = sketch.repeats();
      }
      int pieces = sketch.pieces() + (halves ? slabs.usedSlabs() : 0);
      sweep = new Sweep(halves, pieces, new AtomicInteger());
      return true;
    }
  }

  private void help(Sweep current) {
    int piece = current.next.getAndIncrement();
    if (piece >= current.pieces) {
      sweep = null;
      return;
    }
    if (piece < sketch.pieces()) {
      sketch.forgetFirsts(piece);
      if (current.halves) {
        sketch.halve(piece);
      }
    } else {
      slabs.halveCounts(piece - sketch.pieces());
    }
  }

  long memoryBytes() {
    return sketch.memoryBytes();
  }

  @Override
  public void close() {
    sketch.close();
  }
}

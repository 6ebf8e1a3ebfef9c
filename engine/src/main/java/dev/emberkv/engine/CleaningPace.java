package dev.emberkv.engine;

import dev.emberkv.compaction.SegmentUse;
import dev.emberkv.compaction.SegmentedLog;
import dev.emberkv.compaction.VictimPolicy;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;

/**
 * Decides when cleaning is due, how much of it, and how fast. Under pressure, when room runs out or
 * writers wait for it, as fast as it goes; while nobody uses the store, to give space back; and
 * beside the foreground, where the disk has no limit that is near, only when half of the log is
 * garbage, and slowly at first: the more garbage there is the faster, so that a foreground that
 * overwrites all the time meets a balance.
 *
 * <p>Used by the cleaning thread.
 */
final class CleaningPace implements LongConsumer {
  /**
   * Free segments, as a share of all, at which cleaning begins, and twice as many where it ends.
   */
  private static final int LOW_SHARE = 1024;

  private static final int LOW_SEGMENTS = 2;

  /** Cleaning gives up when all that it could gain is a smaller share of the log than this. */
  private static final int LEAST_SHARE = 64;

  /**
   * The same while deletes wait. In a store that is full of rows their tombstones go to what is
   * held back for them, and that must not be used up before cleaning sees a gain.
   */
  private static final int LEAST_SHARE_FOR_DELETES = 512;

  private static final long BUSY_BYTES_PER_SECOND = 64L << 20;
  private static final double BUSY_GARBAGE = 0.5;

  /** The growth of the garbage, as a share of the log, with which cleaning goes twice as fast. */
  private static final double DOUBLING_GARBAGE = 0.05;

  private static final double IDLE_GARBAGE = 0.15;

  /** The share of deletions of which a log is rid that nobody uses. */
  private static final double IDLE_DELETIONS = 0.1;

  /** How many commits a pass logs at most. */
  private static final int OWN_COMMITS = 2;

  private static final long IDLE_NANOS = 1_000_000_000L;
  private static final long PASS_BYTES = 64L << 20;

  private final Tiers tiers;
  private final SegmentedLog log;
  private long usesSeen;
  private long usedAtNanos = System.nanoTime();
  private long bytesSincePause;
  private boolean pressed;

  /** Which share of the log cleaning must gain under pressure. */
  private int leastShare = LEAST_SHARE;

  private double busyBytesPerSecond = BUSY_BYTES_PER_SECOND;
  private boolean refilling;
  private boolean idle;
  private boolean dirty;

  /**
   * Whether segments with little garbage are cleaned as well, because many tombstones wait for it.
   */
  private boolean forgetting;

  CleaningPace(Tiers tiers) {
    this.tiers = tiers;
    this.log = tiers.log();
  }

  /** Takes a look at the free space, the garbage and the foreground. */
  void look(List<SegmentUse> sealed, List<SegmentUse> used) {
    long now = System.nanoTime();
    long uses = uses();
    if (uses != usesSeen) {
      usesSeen = uses;
      usedAtNanos = now;
    }
    idle = now - usedAtNanos > IDLE_NANOS;
    VictimPolicy policy = new VictimPolicy(used);
    long capacity = capacityOf(sealed);
    long deadBytes = gainOf(sealed, policy);
    long low = lowBytes(capacity);
    long left = log.bytesLeft();
    refilling = left < low || (refilling && left < 2 * low);
    pressed = refilling || tiers.space().isWaitedFor();
    leastShare = tiers.space().isWaitedForByDeletes() ? LEAST_SHARE_FOR_DELETES : LEAST_SHARE;
    double garbage = capacity == 0 ? 0 : (double) deadBytes / capacity;
    boolean several = deadBytes > (long) LOW_SEGMENTS * log.segmentBytes();
    forgetting =
        idle
            && capacity > (long) LOW_SEGMENTS * log.segmentBytes()
            && policy.neededDeletionBytes() > IDLE_DELETIONS * capacity;
    busyBytesPerSecond =
        BUSY_BYTES_PER_SECOND * Math.pow(2, (garbage - BUSY_GARBAGE) / DOUBLING_GARBAGE);
    dirty = forgetting || (several && garbage > (idle ? IDLE_GARBAGE : BUSY_GARBAGE));
  }

  /** Ends a pass, whose own commits are no sign of a foreground. */
  void passed() {
    long uses = uses();
    if (uses - usesSeen > OWN_COMMITS) {
      usedAtNanos = System.nanoTime();
    }
    usesSeen = uses;
  }

  private long uses() {
    return tiers.epoch().answered() + log.stats().records();
  }

  private long lowBytes(long capacity) {
    return Math.max((long) LOW_SEGMENTS * log.segmentBytes(), capacity / LOW_SHARE);
  }

  /** Returns whether room runs out. */
  boolean isPressed() {
    return pressed;
  }

  boolean wantsCleaning() {
    return pressed || dirty;
  }

  /** Returns whether cleaning all of the segments would gain more than a trifle. */
  boolean isWorthwhile(List<SegmentUse> sealed, VictimPolicy policy) {
    return forgetting
        || gainOf(sealed, policy) >= Math.max(log.segmentBytes(), capacityOf(sealed) / leastShare);
  }

  /** Returns whether cleaning one segment gains enough by itself, or lets others gain. */
  boolean isWorthwhile(SegmentUse use, VictimPolicy policy) {
    long least = log.segmentBytes() / (pressed ? leastShare : LEAST_SHARE / 8);
    return policy.gainBytes(use) >= least || (forgetting && use.deadRecords() > 0);
  }

  private static long capacityOf(List<SegmentUse> sealed) {
    return sealed.stream().mapToLong(SegmentUse::capacityBytes).sum();
  }

  private static long gainOf(List<SegmentUse> sealed, VictimPolicy policy) {
    return sealed.stream().mapToLong(policy::gainBytes).sum();
  }

  /** Returns how much one pass should gain. */
  long goalBytes() {
    return pressed
        ? Math.max(2L * log.segmentBytes(), Math.min(PASS_BYTES, 4 * lowBytes(0)))
        : PASS_BYTES;
  }

  /** Waits as long as the foreground is to be left alone after so many bytes. */
  @Override
  public void accept(long bytes) {
    if (pressed || idle) {
      return;
    }
    bytesSincePause += bytes;
    if (bytesSincePause >= 1 << 20) {
      LockSupport.parkNanos((long) (bytesSincePause * 1e9 / busyBytesPerSecond));
      bytesSincePause = 0;
    }
  }
}

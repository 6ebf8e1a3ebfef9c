package dev.emberkv.compaction;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which segment to clean next: cost-benefit as in LFS (M. Rosenblum, J. Ousterhout, "The Design and
 * Implementation of a Log-Structured File System", ACM TOCS 10(1), 1992, section 3.5). The benefit
 * of cleaning is the space that comes back, weighed by the age of the segment, since old data that
 * is still live will stay live; the cost is the live data that is written again.
 *
 * <p>Copies go to a stream of their own and are old when they get there, so what is rarely
 * overwritten ends up together and is left alone. {@code VictimPolicyTest} simulates what write
 * amplification that gives.
 *
 * <p>Also decides what may be forgotten and what must wait, which is where rows could come back or
 * get lost: see {@link #isNeeded} and {@link #mayBeFreed}.
 *
 * <p>Immutable: it knows the segments as they were when it was made.
 */
public final class VictimPolicy {
  /** The lowest sequence of the data of a segment that has dead data; and of any other one. */
  private long lowestDead = Long.MAX_VALUE;

  private int lowestDeadIn = -1;
  private long nextLowestDead = Long.MAX_VALUE;

  private long newestStart;
  private @Nullable SegmentUse oldestWaiting;
  private final long neededDeletionBytes;

  /**
   * Takes a look at the log.
   *
   * @param used all segments with records
   */
  public VictimPolicy(List<SegmentUse> used) {
    used.forEach(this::add);
    neededDeletionBytes =
        used.stream()
            .filter(use -> isNeeded(use, use.maxDeletionSequence()))
            .mapToLong(SegmentUse::deletionBytes)
            .sum();
  }

  private void add(SegmentUse use) {
    if (use.deadRecords() > 0) {
      if (use.minDataSequence() < lowestDead) {
        nextLowestDead = lowestDead;
        lowestDead = use.minDataSequence();
        lowestDeadIn = use.number();
      } else {
        nextLowestDead = Math.min(nextLowestDead, use.minDataSequence());
      }
    }
    if (use.stream() == SegmentHeader.STREAM_MAIN) {
      if (use.started()) {
        newestStart = Math.max(newestStart, use.generation());
      }
      SegmentUse oldest = oldestWaiting;
      if (use.waiting() && (oldest == null || use.generation() < oldest.generation())) {
        oldestWaiting = use;
      }
    }
  }

  /**
   * Returns the segment that is best cleaned next.
   *
   * @param candidates what can be cleaned
   * @param newestGeneration generation of the newest use
   */
  public Optional<SegmentUse> choose(List<SegmentUse> candidates, long newestGeneration) {
    return candidates.stream()
        .filter(this::mayBeFreed)
        .max(Comparator.comparingDouble(use -> score(use, newestGeneration)));
  }

  private double score(SegmentUse use, long newestGeneration) {
    long gain = gainBytes(use);
    long cost = Math.max(1, use.capacityBytes() - gain);
    return (double) gain / cost * (newestGeneration - use.generation() + 1);
  }

  /** Returns the space that comes back when a segment is cleaned now, in bytes. */
  public long gainBytes(SegmentUse use) {
    boolean forgets = use.deletionBytes() > 0 && !isNeeded(use, use.maxDeletionSequence());
    return use.deadBytes() + (forgets ? use.deletionBytes() : 0);
  }

  /**
   * Returns whether a tombstone or drop may be needed: it is for as long as a scan could find data
   * that it deletes. Such data is dead, has a lower sequence, and lies in another segment, because
   * all records of one segment vanish at once.
   *
   * @param home the segment that it is in
   */
  public boolean isNeeded(SegmentUse home, long sequence) {
    return (home.number() == lowestDeadIn ? nextLowestDead : lowestDead) < sequence;
  }

  /**
   * Returns the bytes of the tombstones and drops of segments that hold one which is still needed.
   * They can be forgotten once the segments with dead data are cleaned.
   */
  public long neededDeletionBytes() {
    return neededDeletionBytes;
  }

  /**
   * Returns whether a segment may be freed once it is empty.
   *
   * <p>A {@link RecordFormat#START} says that what waits in front of it never counts, and the
   * commits in front of it say what does. So the segments up to the newest start are freed in the
   * order of the log. Behind it there is no such order: the newest commit covers all.
   */
  public boolean mayBeFreed(SegmentUse use) {
    SegmentUse oldest = oldestWaiting;
    return use.stream() != SegmentHeader.STREAM_MAIN
        || use.generation() > newestStart
        || oldest == null
        || use.generation() <= oldest.generation();
  }
}

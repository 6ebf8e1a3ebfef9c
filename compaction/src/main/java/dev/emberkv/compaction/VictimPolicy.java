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
 * get lost: see {@link #deletionsNeeded} and {@link #mayBeFreed}. Pure functions.
 */
public final class VictimPolicy {
  private VictimPolicy() {}

  /**
   * Returns the segment that is best cleaned next.
   *
   * @param sealed what can be cleaned
   * @param used all segments with records
   * @param newestGeneration generation of the newest use
   * @param minGainBytes the least that cleaning must give back
   */
  public static Optional<SegmentUse> choose(
      List<SegmentUse> sealed, List<SegmentUse> used, long newestGeneration, long minGainBytes) {
    Older older = new Older(used);
    return sealed.stream()
        .filter(use -> gainBytes(use, used) >= minGainBytes && older.mayBeFreed(use))
        .max(Comparator.comparingDouble(use -> score(use, used, newestGeneration)));
  }

  private static double score(SegmentUse use, List<SegmentUse> used, long newestGeneration) {
    long gain = gainBytes(use, used);
    long cost = Math.max(1, use.capacityBytes() - gain);
    return (double) gain / cost * (newestGeneration - use.generation() + 1);
  }

  /** Returns the space that comes back when a segment is cleaned now, in bytes. */
  public static long gainBytes(SegmentUse use, List<SegmentUse> used) {
    boolean forgets = use.deletionBytes() > 0 && !deletionsNeeded(use, used);
    return use.deadBytes() + (forgets ? use.deletionBytes() : 0);
  }

  /**
   * Returns whether some tombstone or drop of a segment may be needed: it is for as long as a scan
   * could find data that it deletes. Such data is dead, has a lower sequence, and lies in another
   * segment, because all records of one segment vanish at once.
   *
   * @param used all segments with records, this one included
   */
  public static boolean deletionsNeeded(SegmentUse use, List<SegmentUse> used) {
    return isNeeded(use, use.maxDeletionSequence(), used);
  }

  /**
   * Returns whether one tombstone or drop may be needed; see {@link #deletionsNeeded}.
   *
   * @param home the segment that it is in
   */
  public static boolean isNeeded(SegmentUse home, long sequence, List<SegmentUse> used) {
    for (SegmentUse other : used) {
      if (other.number() != home.number()
          && other.deadRecords() > 0
          && other.minDataSequence() < sequence) {
        return true;
      }
    }
    return false;
  }

  /**
   * Returns whether a segment may be freed once it is empty.
   *
   * <p>A {@link RecordFormat#START} says that what waits in front of it never counts, and the
   * commits in front of it say what does. So the segments up to the newest start are freed in the
   * order of the log. Behind it there is no such order: the newest commit covers all.
   */
  public static boolean mayBeFreed(SegmentUse use, List<SegmentUse> used) {
    return new Older(used).mayBeFreed(use);
  }

  /** The segments that a start ties to their order. */
  private static final class Older {
    private long newestStart;
    private @Nullable SegmentUse oldestWaiting;

    Older(List<SegmentUse> used) {
      for (SegmentUse use : used) {
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
    }

    boolean mayBeFreed(SegmentUse use) {
      SegmentUse oldest = oldestWaiting;
      return use.stream() != SegmentHeader.STREAM_MAIN
          || use.generation() > newestStart
          || oldest == null
          || use.generation() <= oldest.generation();
    }
  }
}

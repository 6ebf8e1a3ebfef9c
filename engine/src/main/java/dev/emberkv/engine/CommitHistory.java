package dev.emberkv.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The commits and starts of a log, by which to tell of any record whether it counts, in whatever
 * order records come: it does if a commit that covers its sequence follows before the next start.
 *
 * <p>Places in the log are compared by the generation of their segment's use and then by location.
 * Commits and starts are noted in the order of the log, then {@link #finish} is called, and from
 * then on questions may be asked, by any number of threads.
 */
final class CommitHistory {
  private final int segmentShift;

  /** By segment: the generation of its use, 0 for none. */
  private long[] generations = {};

  /**
   * By segment: records of up to this sequence count for sure, since a commit behind the segment
   * covers them and no start comes between.
   */
  private long[] sureCuts = {};

  private final List<Era> eras = new ArrayList<>(List.of(new Era(0, 0)));

  /** What lies between two starts. */
  private static final class Era {
    final long startGeneration;
    final long startLocation;

    /** Commits with a cut, of which none is followed by one with a cut as high. */
    final List<Cut> cuts = new ArrayList<>();

    /** Where the commit of a single sequence is, for those that no cut behind it covers. */
    final Map<Long, Cut> singles = new HashMap<>();

    Era(long startGeneration, long startLocation) {
      this.startGeneration = startGeneration;
      this.startLocation = startLocation;
    }

    boolean beginsBefore(long generation, long location) {
      return isBefore(startGeneration, startLocation, generation, location);
    }
  }

  /** A commit: where it is, and the sequence up to which it covers what is before it. */
  private record Cut(long generation, long location, long sequence) {
    boolean isBehind(long otherGeneration, long otherLocation) {
      return isBefore(otherGeneration, otherLocation, generation, location);
    }
  }

  /**
   * Starts with an empty log.
   *
   * @param segmentGranules size of a segment, a power of two
   */
  CommitHistory(long segmentGranules) {
    segmentShift = Long.numberOfTrailingZeros(segmentGranules);
  }

  private static boolean isBefore(
      long generation, long location, long otherGeneration, long otherLocation) {
    return generation < otherGeneration
        || (generation == otherGeneration && location < otherLocation);
  }

  /** Notes a segment; thread-safe. */
  synchronized void segment(int number, long generation) {
    if (number >= generations.length) {
      generations = Arrays.copyOf(generations, Math.max(64, 2 * (number + 1)));
    }
    generations[number] = generation;
  }

  /** Notes a commit: it covers what is up to the cut, or among the others. */
  synchronized void commit(long location, long cut, long[] singles) {
    long generation = generation(location);
    Era era = eras.getLast();
    for (long single : singles) {
      if (single > cut) {
        era.singles.put(single, new Cut(generation, location, single));
      }
    }
    if (cut > 0) {
      while (!era.cuts.isEmpty() && era.cuts.getLast().sequence <= cut) {
        era.cuts.removeLast();
      }
      era.cuts.add(new Cut(generation, location, cut));
      era.singles.keySet().removeIf(single -> single <= cut);
    }
  }

  /** Notes a start: what waits in front of it never counts. */
  synchronized void start(long location) {
    eras.add(new Era(generation(location), location));
  }

  /** Ends the notes. */
  synchronized void finish() {
    sureCuts = new long[generations.length];
    for (int segment = 0; segment < sureCuts.length; segment++) {
      long generation = generations[segment];
      long first = (long) segment << segmentShift;
      long last = first + (1L << segmentShift) - 1;
      Era era = eraOf(generation, first);
      if (generation > 0 && era.equals(eraOf(generation, last))) {
        for (Cut cut : era.cuts) {
          if (cut.isBehind(generation, last)) {
            sureCuts[segment] = Math.max(sureCuts[segment], cut.sequence);
          }
        }
      }
    }
  }

  /** Returns whether a record without the flag of those that count at once does count. */
  boolean counts(long location, long sequence) {
    return sequence <= sureCuts[(int) (location >>> segmentShift)]
        || countsByItsPlace(location, sequence);
  }

  private boolean countsByItsPlace(long location, long sequence) {
    long generation = generation(location);
    Era era = eraOf(generation, location);
    for (Cut cut : era.cuts) {
      if (cut.sequence >= sequence && cut.isBehind(generation, location)) {
        return true;
      }
    }
    Cut single = era.singles.get(sequence);
    return single != null && single.isBehind(generation, location);
  }

  /** Returns whether no start follows a place. */
  boolean isInLastEra(long location) {
    return !isBefore(
        generation(location),
        location,
        eras.getLast().startGeneration,
        eras.getLast().startLocation);
  }

  /** Returns whether one place comes behind another one in the log. */
  boolean isLater(long location, long other) {
    return isBefore(generation(other), other, generation(location), location);
  }

  private long generation(long location) {
    return generations[(int) (location >>> segmentShift)];
  }

  private Era eraOf(long generation, long location) {
    int low = 0;
    int high = eras.size() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (eras.get(middle).beginsBefore(generation, location)) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return eras.get(low);
  }
}

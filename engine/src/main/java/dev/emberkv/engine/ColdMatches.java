package dev.emberkv.engine;

import dev.emberkv.index.Location;
import java.util.Arrays;

/**
 * What is known of the log locations that the index holds under a key's tag: which one is the key's
 * own, and which belong to others. Not thread-safe.
 */
final class ColdMatches {
  private long own = Location.NONE;
  private long ownSequence;
  private int ownTime;
  private long[] others = {};

  /** Notes a record that was read. */
  void note(long location, boolean matches, long sequence, int time) {
    if (matches) {
      own = location;
      ownSequence = sequence;
      ownTime = time;
    } else {
      others = Arrays.copyOf(others, others.length + 1);
      others[others.length - 1] = location;
    }
  }

  boolean isOwn(long location) {
    return location == own;
  }

  long ownSequence() {
    return ownSequence;
  }

  int ownTime() {
    return ownTime;
  }

  boolean isOther(long location) {
    for (long other : others) {
      if (other == location) {
        return true;
      }
    }
    return false;
  }

  /** Forgets everything, for the next key. */
  void clear() {
    own = Location.NONE;
    others = new long[0];
  }
}

package dev.emberkv.peers.run;

import java.io.Serializable;
import java.util.ArrayList;

/**
 * How a work went on.
 *
 * @param steps pieces of the time, one behind the other
 * @param rows rows moved
 * @param seconds with the sync at the end
 * @param writeBytes bytes written meanwhile
 * @param diskBytes disk space at the end
 */
public record Course(
    ArrayList<Step> steps, long rows, double seconds, long writeBytes, long diskBytes)
    implements Serializable {
  /**
   * A piece of the time.
   *
   * @param endSeconds since the start
   * @param rowsPerSecond rate
   * @param cleaning whether the store cleaned or compacted
   */
  public record Step(double endSeconds, double rowsPerSecond, boolean cleaning)
      implements Serializable {}
}

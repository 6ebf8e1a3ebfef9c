package dev.emberkv.engine;

import java.util.List;

/**
 * What the segments of a store's log hold, and what cleaning did; counts are since the store was
 * opened.
 *
 * @param segmentsByFill used segments by the share of live rows in them: less than a tenth, up to
 *     two tenths, and so on, ten numbers
 * @param userBytes bytes of the records that the store appended for its users, headers included
 * @param hostBytes bytes written to the device for them, for copies, and around both
 * @param movedBytes bytes of the records that cleaning copied
 * @param segmentsCleaned segments that were freed
 * @param debtBytes space of dead records that cleaning could give back now
 * @param volumeBytes disk space that the file of the log takes
 * @param limitBytes the most that it may take
 */
public record SpaceStats(
    List<Long> segmentsByFill,
    long userBytes,
    long hostBytes,
    long movedBytes,
    long segmentsCleaned,
    long debtBytes,
    long volumeBytes,
    long limitBytes) {
  /** How many classes {@link #segmentsByFill} has. */
  public static final int FILL_CLASSES = 10;

  /** Copies the list. */
  public SpaceStats {
    segmentsByFill = List.copyOf(segmentsByFill);
  }

  /** Returns a reading of nothing. */
  public static SpaceStats none() {
    return new SpaceStats(List.of(), 0, 0, 0, 0, 0, 0, 0);
  }

  /** Returns the bytes written for each byte of the users' records, or 0 before the first. */
  public double writeAmplification() {
    return userBytes == 0 ? 0 : (double) hostBytes / userBytes;
  }

  /** Returns this reading with the counts since an earlier one. */
  public SpaceStats since(SpaceStats earlier) {
    return new SpaceStats(
        segmentsByFill,
        userBytes - earlier.userBytes,
        hostBytes - earlier.hostBytes,
        movedBytes - earlier.movedBytes,
        segmentsCleaned - earlier.segmentsCleaned,
        debtBytes,
        volumeBytes,
        limitBytes);
  }
}

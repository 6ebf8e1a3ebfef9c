package dev.emberkv.compaction;

/**
 * A reading of a log's counters; counts are since it was opened.
 *
 * @param records records appended
 * @param userBytes bytes of them, headers included
 * @param copies records that cleaning appended again
 * @param copyBytes bytes of these, headers included
 * @param hostBytesWritten bytes written to the device for all of them, padding and segment headers
 *     included
 * @param syncs fdatasync calls
 * @param usedSegments segments that hold records or will next
 * @param freeSegments segments of the volume that hold none
 * @param usedBytes disk space of the used segments
 * @param volumeBytes disk space of the volume, without what free segments gave back
 * @param limitBytes the most that the volume may grow to
 * @param bitmapBytes memory that says which records are live
 */
public record LogStats(
    long records,
    long userBytes,
    long copies,
    long copyBytes,
    long hostBytesWritten,
    long syncs,
    int usedSegments,
    int freeSegments,
    long usedBytes,
    long volumeBytes,
    long limitBytes,
    long bitmapBytes) {}

package dev.emberkv.uring;

/**
 * What a backend did since it was opened, summed over its queues. A queue adds its share at the end
 * of each {@link IoQueue#await} and {@link IoQueue#submit}, so a snapshot lags by the calls that
 * are running.
 *
 * @param submits hand-overs to the device: system calls of a ring, or wake-ups of the portable
 *     workers. Far below {@code reads + writes} where batches work.
 * @param reads finished reads
 * @param readBytes bytes of finished reads
 * @param writes finished writes
 * @param writtenBytes bytes of finished writes
 * @param syncs finished fdatasyncs
 * @param fixedTransfers reads and writes that used registered buffers
 * @param retries requests that were continued after a short transfer or an interruption
 * @param failures requests that ended with an errno
 */
public record IoCounters(
    long submits,
    long reads,
    long readBytes,
    long writes,
    long writtenBytes,
    long syncs,
    long fixedTransfers,
    long retries,
    long failures) {

  /** Returns what happened between an earlier snapshot and this one. */
  public IoCounters since(IoCounters earlier) {
    return new IoCounters(
        submits - earlier.submits,
        reads - earlier.reads,
        readBytes - earlier.readBytes,
        writes - earlier.writes,
        writtenBytes - earlier.writtenBytes,
        syncs - earlier.syncs,
        fixedTransfers - earlier.fixedTransfers,
        retries - earlier.retries,
        failures - earlier.failures);
  }
}

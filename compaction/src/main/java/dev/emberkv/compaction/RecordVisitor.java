package dev.emberkv.compaction;

/** Receives what a scan of the log finds, in the order of the log, on the scanning thread. */
public interface RecordVisitor {
  /**
   * Takes one record whose checksum is right.
   *
   * @param payloadAddress absolute address of the payload, valid during the call
   */
  void record(
      long location,
      int kind,
      int table,
      long key,
      long sequence,
      int timeSeconds,
      long payloadAddress,
      int payloadBytes);

  /**
   * Takes one damaged stretch of a segment. The scan goes on behind it.
   *
   * @param offset where in the segment the stretch starts, in bytes
   * @param expected what should have been there
   */
  void corrupt(long segment, long offset, String expected);
}

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
   * Takes what seems to be the header of a damaged record: its fields are in their ranges, but may
   * be wrong all the same. Reading the location fails.
   *
   * @param payloadAddress absolute address of what should be the payload
   * @param payloadBytes how much of the payload may be looked at
   */
  default void suspect(
      long location,
      int kind,
      int table,
      long key,
      long sequence,
      long payloadAddress,
      int payloadBytes) {}

  /**
   * Takes one damaged stretch of a segment. The scan goes on behind it.
   *
   * @param offset where in the segment the stretch starts, in bytes
   * @param expected what should have been there
   */
  void corrupt(long segment, long offset, String expected);
}

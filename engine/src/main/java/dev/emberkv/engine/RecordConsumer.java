package dev.emberkv.engine;

/** Takes verified log records of a batch of reads, in any order. */
@FunctionalInterface
interface RecordConsumer {
  /**
   * Takes one record.
   *
   * @param ordinal what {@link RecordReader#add} was given with the location
   * @param location where the record stands in the log
   * @param address the record's header; valid during the call only
   * @param payloadBytes the length of its payload
   */
  void accept(int ordinal, long location, long address, int payloadBytes);
}

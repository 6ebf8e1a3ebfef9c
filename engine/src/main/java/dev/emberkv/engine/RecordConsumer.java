package dev.emberkv.engine;

import dev.emberkv.compaction.CorruptionException;

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

  /**
   * Takes a record that is damaged, and fails unless it can do without.
   *
   * @param ordinal what {@link RecordReader#add} was given with the location
   * @param location where the record should stand in the log
   * @param address what seems to be its header, any field of which may be wrong
   */
  default void damaged(int ordinal, long location, long address, CorruptionException damage) {
    throw damage;
  }
}

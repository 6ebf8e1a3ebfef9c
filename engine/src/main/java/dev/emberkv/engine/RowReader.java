package dev.emberkv.engine;

/**
 * Takes the payload of a row that was found. Where the row is in DRAM it may change meanwhile: what
 * was taken counts only if the call is the last one, so it must overwrite what an earlier call
 * left.
 */
@FunctionalInterface
interface RowReader {
  void accept(long payloadAddress, int payloadBytes);
}

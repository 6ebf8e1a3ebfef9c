package dev.emberkv.engine;

import java.lang.foreign.MemorySegment;

/**
 * Takes the values of a batch of keys, in the order of the keys. Where a value changes while it is
 * copied, the same key is handed over again: the last call for a key counts.
 */
public interface ValueSink {
  /** Returns the segment that the next value is copied to. Asked after each {@link #begin}. */
  MemorySegment segment();

  /**
   * Makes room for a value.
   *
   * @param n which key of the batch it is of
   * @return where in {@link #segment} the value's {@code valueBytes} bytes are to go
   */
  long begin(int n, int valueBytes);

  /** Returns whether another key is to be answered now; asked before each but the first. */
  default boolean wantsMore() {
    return true;
  }

  /** Forgets all answers: what was read was not of one time, and the first key comes again. */
  void startOver();

  /** Learns that a key is missing. */
  void missing(int n);

  /** Learns that a key's value is no string. */
  void wrongType(int n, ValueType found);
}

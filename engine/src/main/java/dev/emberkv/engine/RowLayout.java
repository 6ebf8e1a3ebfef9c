package dev.emberkv.engine;

import dev.emberkv.uring.RawMemory;

/**
 * How the payload of a table's row is laid out: the embedding in the table's number format, and
 * behind it the optimizer's state, all f32.
 *
 * @param embeddingBytes width of the embedding
 * @param stateBytes width of the state, 0 without an optimizer that has one
 */
record RowLayout(int embeddingBytes, int stateBytes) {
  static RowLayout of(TableSpec spec) {
    int stateBytes = spec.optimizer().rule().stateFloats(spec.dim()) * Float.BYTES;
    return new RowLayout(spec.rowBytes(), stateBytes);
  }

  int payloadBytes() {
    return embeddingBytes + stateBytes;
  }

  /** Writes the state that a row starts with, the same value everywhere. */
  void writeInitialState(long payload, float value) {
    for (int at = embeddingBytes; at < payloadBytes(); at += Float.BYTES) {
      RawMemory.putFloat(payload + at, value);
    }
  }
}

package dev.emberkv.engine;

import dev.emberkv.uring.RawMemory;

/**
 * How the payload of a table's row is laid out: the embedding in the table's number format, behind
 * it the optimizer's state, all f32, and behind that what the row's {@link RowScore} is made from.
 *
 * @param embeddingBytes width of the embedding
 * @param stateBytes width of the state, 0 without an optimizer that has one
 * @param scoreBytes width of that, 0 for rows without scores
 */
record RowLayout(int embeddingBytes, int stateBytes, int scoreBytes) {
  static RowLayout of(TableSpec spec) {
    int stateBytes = spec.optimizer().rule().stateFloats(spec.dim()) * Float.BYTES;
    int scoreBytes = spec.expiry().scores() == null ? 0 : RowScore.BYTES;
    return new RowLayout(spec.rowBytes(), stateBytes, scoreBytes);
  }

  int payloadBytes() {
    return embeddingBytes + stateBytes + scoreBytes;
  }

  /**
   * Writes the state that a row starts with, the same value everywhere, and that it has no score.
   */
  void writeInitialState(long payload, float value) {
    int scores = embeddingBytes + stateBytes;
    for (int at = embeddingBytes; at < scores; at += Float.BYTES) {
      RawMemory.putFloat(payload + at, value);
    }
    for (int at = scores; at < payloadBytes(); at += Float.BYTES) {
      RawMemory.putFloat(payload + at, 0);
    }
  }
}

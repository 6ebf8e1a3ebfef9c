package dev.emberkv.compaction;

/** Says how much of a record's payload a start has to see; of a row it needs nothing. */
@FunctionalInterface
public interface KeptPayload {
  /** Keeps all payloads whole. */
  KeptPayload ALL = (kind, payloadAddress, payloadBytes) -> payloadBytes;

  /**
   * Returns how many bytes from the start of the payload are needed.
   *
   * @param kind not {@link RecordFormat#ROW}
   */
  int bytes(int kind, long payloadAddress, int payloadBytes);
}

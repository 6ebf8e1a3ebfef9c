package dev.emberkv.server;

/**
 * A stream of requests that cannot be followed further, because it is not RESP or takes too much
 * memory. The connection answers with {@link #reply} and closes.
 */
final class ProtocolException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String code;

  /** Makes the error for bytes that are not RESP. */
  ProtocolException(String message) {
    this("ERR Protocol error: ", message);
  }

  private ProtocolException(String code, String message) {
    super(message, null, false, false);
    this.code = code;
  }

  /** Makes the error for a request that the server has no memory for. */
  static ProtocolException outOfMemory(RequestMemory memory) {
    return new ProtocolException(
        "OOM ",
        "no memory is left for requests: %d of %d bytes are taken"
            .formatted(memory.usedBytes(), memory.limitBytes()));
  }

  /** Returns the error as the client gets it. */
  String reply() {
    return code + getMessage();
  }
}

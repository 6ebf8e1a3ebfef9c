package dev.emberkv.server;

/**
 * A frame that is not RESP. The stream cannot be trusted behind it, so the connection answers with
 * the message and closes.
 */
final class ProtocolException extends Exception {
  private static final long serialVersionUID = 1L;

  ProtocolException(String message) {
    super(message, null, false, false);
  }
}

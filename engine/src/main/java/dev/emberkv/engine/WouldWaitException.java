package dev.emberkv.engine;

/**
 * A call could not be answered without waiting, on a thread that {@linkplain Store#refuseToWait
 * refuses to}. Nothing was changed; the call can be made again on a thread that may wait.
 */
public final class WouldWaitException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Makes one; it has no stack trace. */
  public WouldWaitException() {
    super("the call has to wait", null, false, false);
  }
}

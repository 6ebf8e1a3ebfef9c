package dev.emberkv.engine;

/**
 * Which threads must not wait: not for the device, not for memory, not for another thread's
 * operation. They get a {@link WouldWaitException} instead. Asked where a thread is about to wait
 * only, never on the way to a row in DRAM.
 *
 * <p>Thread-safe.
 */
final class WaitRule {
  private final ThreadLocal<Boolean> refused = ThreadLocal.withInitial(() -> false);

  /** Makes the calling thread one that must not wait. */
  void refuse() {
    refused.set(true);
  }

  boolean mayWait() {
    return !refused.get();
  }

  /** Called before a wait. */
  void beforeWaiting() {
    if (!mayWait()) {
      throw new WouldWaitException();
    }
  }
}

package dev.emberkv.uring;

/** Receives finished requests of one {@link IoQueue}, on the thread that drains it. */
@FunctionalInterface
public interface CompletionHandler {
  /**
   * Takes one finished request.
   *
   * @param userData the value given with the request
   * @param result the number of bytes moved, always the full length asked for, or a negative errno
   */
  void completed(long userData, int result);
}

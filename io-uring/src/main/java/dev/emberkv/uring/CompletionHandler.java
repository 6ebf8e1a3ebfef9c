package dev.emberkv.uring;

/**
 * Receives finished requests of one {@link IoQueue}, on the thread that drains it. It may take
 * further requests on that queue, but not await them. What it throws reaches the caller of {@link
 * IoQueue#await}; the requests behind the one that threw stay for the next call.
 */
@FunctionalInterface
public interface CompletionHandler {
  /**
   * Takes one finished request.
   *
   * @param userData the value given with the request
   * @param result the number of bytes moved, always the full length asked for (0 for a sync), or a
   *     negative errno; {@code -}{@link Errno#ENODATA} when a read went past the end of the file
   */
  void completed(long userData, int result);
}

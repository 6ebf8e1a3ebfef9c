package dev.emberkv.uring;

/**
 * A bounded queue of asynchronous file requests, and the place where their completions arrive.
 *
 * <p>Not thread-safe: it belongs to one thread at a time, and handing it to another thread needs a
 * happens-before edge (a pool or a lock gives one). It is best handed over with nothing in flight,
 * as {@link QueuePool} does: the kernel may finish a request only when the thread that submitted it
 * enters the kernel again. Requests finish in any order. Short transfers and interrupted requests
 * are continued inside, so a completion is the whole length or an error.
 *
 * <p>A virtual thread that awaits holds its carrier for as long as it waits.
 *
 * <p>The bound is kept by construction: {@link #read} and its siblings refuse to take more than
 * {@link #depth} requests, so the completion queue can't overflow.
 */
public interface IoQueue extends AutoCloseable {
  /** Returns how many requests may be in flight at once. */
  int depth();

  /** Returns how many requests were taken and not yet handed to a completion handler. */
  int inFlight();

  /**
   * Takes a read of {@code lengthBytes} at {@code fileOffset} into native memory at {@code
   * address}. Address, offset and length are multiples of {@link DirectFile#alignmentBytes()}. The
   * memory must stay mapped until the completion.
   *
   * @throws IllegalStateException when {@link #depth} requests are in flight
   */
  void read(DirectFile file, long fileOffset, long address, int lengthBytes, long userData);

  /** Takes a write; the contract is that of {@link #read}. */
  void write(DirectFile file, long fileOffset, long address, int lengthBytes, long userData);

  /** Takes an fdatasync of the file. It does not order itself after writes still in flight. */
  void sync(DirectFile file, long userData);

  /** Hands all taken requests to the device and returns without waiting. */
  void submit();

  /**
   * Submits what was taken, waits until at least {@code minimum} requests have finished (0 polls)
   * and hands every finished one to the handler.
   *
   * @param minimum at most {@link #inFlight}
   * @return how many requests were handed over
   * @throws IoFailure when the queue itself fails; a failed request is reported to the handler
   */
  int await(int minimum, CompletionHandler handler);

  /** Waits for everything in flight, drops the results and frees the queue. */
  @Override
  void close();
}

package dev.emberkv.uring;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A way to do file I/O: io_uring, or the JDK's channels. All backends have the same interface and
 * pass the same tests.
 *
 * <p>Thread-safe; queues and files made by it follow their own contracts.
 */
public interface IoBackend extends AutoCloseable {
  /** The most requests that one queue may have in flight. */
  int MAX_DEPTH = 4096;

  /**
   * Opens a backend.
   *
   * @param mode {@link IoMode#AUTO} takes io_uring where it works, else logs one line that says why
   *     not and what would help, and takes the portable backend
   * @throws IoFailure when the mode is {@link IoMode#URING} and io_uring does not work here; the
   *     message says why and what would help
   */
  static IoBackend open(IoMode mode) {
    return IoBackends.open(mode);
  }

  /** Returns {@code "uring"} or {@code "portable"}. */
  String name();

  /**
   * Opens a file for reading and writing, made if it does not exist.
   *
   * @throws IoFailure when the file can't be opened, with the errno
   */
  DirectFile open(Path path);

  /**
   * Makes a queue that may be handed from thread to thread.
   *
   * @param depth the most requests in flight, 1 to {@link #MAX_DEPTH}
   * @param buffers memory that most transfers will use; it is registered with the kernel where that
   *     is possible and plain otherwise. It must stay mapped, and none of it may be {@linkplain
   *     NativeMemory#release released}, until the queue is closed. Transfers may use other memory
   *     as well.
   * @throws IoFailure when the system refuses another queue
   */
  IoQueue newQueue(int depth, @Nullable NativeMemory buffers);

  /**
   * Makes a queue that only the calling thread will ever use, up to and including {@link
   * IoQueue#close}. The kernel can then leave out locks and interrupts; a use from another thread
   * fails. Otherwise the contract is that of {@link #newQueue}.
   *
   * @throws IllegalStateException when the caller is a virtual thread: it has no kernel thread of
   *     its own
   */
  IoQueue newThreadQueue(int depth, @Nullable NativeMemory buffers);

  /** Returns what the backend did so far. Cheap enough to call once a second. */
  IoCounters counters();

  /** Frees what the backend holds. Files and queues are closed before it. */
  @Override
  void close();
}

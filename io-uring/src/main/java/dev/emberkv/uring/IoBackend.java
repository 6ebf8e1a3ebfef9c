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
  /** Returns {@code "uring"} or {@code "portable"}. */
  String name();

  /**
   * Opens a file for reading and writing, made if it does not exist.
   *
   * @throws IoFailure when the file can't be opened, with the errno
   */
  DirectFile open(Path path);

  /**
   * Makes a queue.
   *
   * @param depth the most requests in flight, 1 to 4096
   * @param buffers memory that most transfers will use; it is registered with the kernel where that
   *     is possible and plain otherwise. Transfers may use other memory as well.
   */
  IoQueue newQueue(int depth, @Nullable NativeMemory buffers);

  /** Frees what the backend holds. Files and queues are closed before it. */
  @Override
  void close();
}

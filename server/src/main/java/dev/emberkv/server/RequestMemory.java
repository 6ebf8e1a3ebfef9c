package dev.emberkv.server;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The heap that requests in progress may take, of all connections of a server together: one client
 * may send a long request, but not all of them at once.
 *
 * <p>Thread-safe. A reservation that does not fit is refused at once, never waited for: those who
 * hold the memory may be waiting for the rest of their requests themselves.
 */
final class RequestMemory {
  private final long limitBytes;
  private final AtomicLong usedBytes = new AtomicLong();

  RequestMemory(long limitBytes) {
    this.limitBytes = limitBytes;
  }

  /** Takes memory, or gives some back when {@code bytes} is negative; returns whether it fitted. */
  boolean reserve(long bytes) {
    if (usedBytes.addAndGet(bytes) > limitBytes && bytes > 0) {
      usedBytes.addAndGet(-bytes);
      return false;
    }
    return true;
  }

  /** Returns the number of bytes that are taken. */
  long usedBytes() {
    return usedBytes.get();
  }

  /** Returns the number of bytes there are. */
  long limitBytes() {
    return limitBytes;
  }
}

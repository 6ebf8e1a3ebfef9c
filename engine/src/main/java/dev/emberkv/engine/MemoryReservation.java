package dev.emberkv.engine;

/**
 * A part of a store's memory budget that the store leaves to its user, for buffers of their own.
 *
 * <p>Thread-safe. {@link #close} gives the part back, after the memory was freed; doing it twice is
 * fine. It must be closed before its store.
 */
public interface MemoryReservation extends AutoCloseable {
  /** Returns the size of the part in bytes. */
  long bytes();

  @Override
  void close();
}

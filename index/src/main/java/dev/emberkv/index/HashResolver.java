package dev.emberkv.index;

/**
 * Reads the key of the row at a location and returns its hash.
 *
 * <p>The index asks for it while it grows, for an entry that was written when the array had less
 * than a 4096th of its buckets and was not touched since. It holds the lock of the entry's home
 * then, so the row stays where it is, and the resolver must not call the index.
 */
@FunctionalInterface
public interface HashResolver {
  /**
   * Returns the hash of the row's key.
   *
   * <p>Whatever is thrown goes to the caller of the insert that drove the growth. Nothing has
   * changed then; the next insert tries again.
   *
   * @param location as it was inserted
   */
  long hashOf(long location);
}

package dev.emberkv.index;

/** Receives the entries of an index. */
@FunctionalInterface
public interface EntryVisitor {
  /**
   * Takes one entry.
   *
   * @param hash the known first bits of the key's hash, zeros behind them
   * @param knownBits how many of them are known
   * @param location where the row was when the entry was read
   */
  void entry(long hash, int knownBits, long location);
}

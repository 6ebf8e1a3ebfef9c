package dev.emberkv.engine;

/** Takes the keys that a scan of a string keyspace comes upon. */
@FunctionalInterface
public interface KeyVisitor {
  /** Takes a key; the array is the visitor's. */
  void key(byte[] key, KeyInfo info);
}

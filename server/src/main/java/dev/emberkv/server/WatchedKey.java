package dev.emberkv.server;

import dev.emberkv.engine.KeyInfo;
import org.jspecify.annotations.Nullable;

/**
 * A key that EXEC depends on, with the state that WATCH found it in.
 *
 * @param database where it is
 * @param key its bytes
 * @param version of {@link KeyInfo}; 0 for a missing key
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
record WatchedKey(int database, byte[] key, long version) {
  /** Returns the version of a key that was looked up. */
  static long versionOf(@Nullable KeyInfo info) {
    return info == null ? 0 : info.version();
  }
}

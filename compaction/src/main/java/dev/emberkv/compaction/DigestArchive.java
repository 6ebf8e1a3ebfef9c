package dev.emberkv.compaction;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where digests of sealed segments are kept, so that the next start need not read the segments. To
 * lose some or all of them costs that time and nothing else.
 *
 * <p>Thread-safe.
 */
public interface DigestArchive {
  /** An archive that keeps nothing. */
  DigestArchive NONE =
      new DigestArchive() {
        @Override
        public boolean has(DigestId id) {
          return false;
        }

        @Override
        public byte @Nullable [][] find(DigestId id) {
          return null;
        }

        @Override
        public void put(DigestId id, byte[][] pieces) {}

        @Override
        public void retain(Set<DigestId> current) {}
      };

  /** Returns whether there is a digest. */
  boolean has(DigestId id);

  /** Returns the pieces of a digest, or null when it is not there or damaged. */
  byte @Nullable [][] find(DigestId id);

  /** Keeps a digest, durably, in place of an earlier one of that segment. */
  void put(DigestId id, byte[][] pieces);

  /** Drops all digests but some. */
  void retain(Set<DigestId> current);
}

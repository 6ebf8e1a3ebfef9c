package dev.emberkv.compaction;

/**
 * Data on the device that is not what was written: in which segment, at which offset, and what was
 * expected there. Never a caller's mistake and never a failed operation, which have their own
 * types.
 */
public final class CorruptionException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Describes damaged data. */
  public CorruptionException(long segment, long offset, String expected) {
    super("segment %d, offset %d: expected %s".formatted(segment, offset, expected));
  }
}

package dev.emberkv.compaction;

import dev.emberkv.uring.IoFailure;
import org.jspecify.annotations.Nullable;

/**
 * A write that was refused because no segment is free and the volume may not or can't grow. What
 * was stored before stays readable, and deletes go on until the reserve is used up as well.
 */
public final class StoreFullException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final long usedBytes;
  private final long limitBytes;

  /**
   * Describes a full log.
   *
   * @param growthFailure why the volume can't grow below its limit, or null when it has reached it
   */
  StoreFullException(long usedBytes, long limitBytes, @Nullable IoFailure growthFailure) {
    super(
        "the store is full: %d of at most %d bytes are in use%s"
            .formatted(
                usedBytes,
                limitBytes,
                growthFailure == null
                    ? ""
                    : ", and the volume can't grow: " + growthFailure.getMessage()),
        growthFailure);
    this.usedBytes = usedBytes;
    this.limitBytes = limitBytes;
  }

  /** Returns the disk space in use. */
  public long usedBytes() {
    return usedBytes;
  }

  /** Returns the limit that was reached. */
  public long limitBytes() {
    return limitBytes;
  }
}

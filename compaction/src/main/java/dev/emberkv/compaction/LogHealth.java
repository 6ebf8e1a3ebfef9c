package dev.emberkv.compaction;

import dev.emberkv.uring.IoFailure;
import org.jspecify.annotations.Nullable;

/**
 * Whether a log still takes records: the first failure of any of its writes and syncs ends that for
 * all of its streams, for good. Thread-safe.
 */
final class LogHealth {
  private volatile @Nullable IoFailure failure;

  /** Notes a failure; the first one is kept. */
  synchronized void fail(IoFailure e) {
    if (failure == null) {
      failure = e;
    }
  }

  boolean failed() {
    return failure != null;
  }

  /**
   * Checks that nothing has failed so far.
   *
   * @throws IoFailure that tells of the first failure
   */
  void check() {
    IoFailure first = failure;
    if (first != null) {
      throw new IoFailure("the log is read-only since an earlier failure", first);
    }
  }
}

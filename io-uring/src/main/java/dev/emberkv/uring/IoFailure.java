package dev.emberkv.uring;

/**
 * An operation of the system that failed: what was tried, on which file and offset, and the errno.
 *
 * <p>This is the operational kind of failure. Damaged data and caller mistakes have their own
 * types.
 */
public final class IoFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int errno;

  /**
   * Describes a failed operation.
   *
   * @param operation what was tried, with file and offset, for example {@code "read volume-0 at
   *     4096, 4096 bytes"}
   * @param errno the positive error number, or 0 where the system gave none
   */
  public IoFailure(String operation, int errno) {
    super(operation + ": " + Errno.describe(errno));
    this.errno = errno;
  }

  /** Describes something that does not work and for which no single call can be blamed. */
  public IoFailure(String problem) {
    super(problem);
    this.errno = 0;
  }

  /**
   * Describes a failed operation that the JDK reported as an exception, or what an earlier failure,
   * whose errno it takes over, led to.
   */
  public IoFailure(String operation, Throwable cause) {
    super(operation + ": " + cause.getMessage(), cause);
    this.errno = cause instanceof IoFailure earlier ? earlier.errno : 0;
  }

  /** Returns the positive error number, or 0 where the system gave none. */
  public int errno() {
    return errno;
  }
}

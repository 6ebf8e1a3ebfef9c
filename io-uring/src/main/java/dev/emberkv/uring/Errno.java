package dev.emberkv.uring;

/** Names and meanings of the error numbers that file and ring operations give on Linux. */
public final class Errno {
  /** Operation not permitted. */
  public static final int EPERM = 1;

  /** No such file or directory. */
  public static final int ENOENT = 2;

  /** Interrupted system call. */
  public static final int EINTR = 4;

  /** Input/output error. */
  public static final int EIO = 5;

  /** Try again. */
  public static final int EAGAIN = 11;

  /** Out of memory. */
  public static final int ENOMEM = 12;

  /** Permission denied. */
  public static final int EACCES = 13;

  /** Device or resource busy. */
  public static final int EBUSY = 16;

  /** Invalid argument. */
  public static final int EINVAL = 22;

  /** Too many open files. */
  public static final int EMFILE = 24;

  /** No space left on device. */
  public static final int ENOSPC = 28;

  /** Read-only file system. */
  public static final int EROFS = 30;

  /** Not implemented by this kernel. */
  public static final int ENOSYS = 38;

  /** No data: a read went past the end of the file. */
  public static final int ENODATA = 61;

  /** Operation not supported. */
  public static final int EOPNOTSUPP = 95;

  private Errno() {}

  /** Returns the name and the meaning of a positive errno, for a message. */
  public static String describe(int errno) {
    return switch (errno) {
      case EPERM -> "EPERM (operation not permitted)";
      case ENOENT -> "ENOENT (no such file or directory)";
      case EINTR -> "EINTR (interrupted)";
      case EIO -> "EIO (input/output error)";
      case EAGAIN -> "EAGAIN (try again)";
      case ENOMEM -> "ENOMEM (out of memory; for registered buffers see `ulimit -l`)";
      case EACCES -> "EACCES (permission denied)";
      case EBUSY -> "EBUSY (device or resource busy)";
      case 17 -> "EEXIST (exists already)";
      case 21 -> "EISDIR (is a directory)";
      case EINVAL -> "EINVAL (invalid argument)";
      case EMFILE -> "EMFILE (too many open files; see `ulimit -n`)";
      case 27 -> "EFBIG (file too large)";
      case ENOSPC -> "ENOSPC (no space left on device)";
      case EROFS -> "EROFS (read-only file system)";
      case ENOSYS -> "ENOSYS (not implemented by this kernel)";
      case ENODATA -> "ENODATA (a read went past the end of the file)";
      case EOPNOTSUPP -> "EOPNOTSUPP (operation not supported)";
      case 110 -> "ETIMEDOUT (timed out)";
      case 122 -> "EDQUOT (disk quota exceeded)";
      case 125 -> "ECANCELED (cancelled: the thread that submitted it has ended)";
      default -> "errno " + errno;
    };
  }
}

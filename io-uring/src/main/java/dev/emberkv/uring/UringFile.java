package dev.emberkv.uring;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A file of the io_uring backend: a descriptor, opened with O_DIRECT where the file system takes
 * it.
 *
 * <p>Thread-safe. The owner closes it when no request on it is in flight.
 */
final class UringFile implements DirectFile {
  /** What direct I/O needs where nobody tells: no device in use has larger logical blocks. */
  private static final int DEFAULT_ALIGNMENT_BYTES = 4096;

  private final Path path;
  private final int fd;
  private final int serial;
  private final boolean direct;
  private final int alignmentBytes;
  private final AtomicInteger closedFiles;
  private final AtomicBoolean closed = new AtomicBoolean();

  private UringFile(
      Path path,
      int fd,
      int serial,
      boolean direct,
      int alignmentBytes,
      AtomicInteger closedFiles) {
    this.path = path;
    this.fd = fd;
    this.serial = serial;
    this.direct = direct;
    this.alignmentBytes = alignmentBytes;
    this.closedFiles = closedFiles;
  }

  /**
   * Opens or makes a file.
   *
   * @param serial a number that no other file of the backend has
   * @param closedFiles counts closed files, so that rings know when to look for registered ones
   */
  static UringFile open(Path path, int serial, AtomicInteger closedFiles) {
    int flags = FileCalls.O_RDWR | FileCalls.O_CREAT | FileCalls.O_CLOEXEC;
    int fd = FileCalls.open(path, flags | FileCalls.O_DIRECT);
    if (fd == -Errno.EINVAL) {
      fd = FileCalls.open(path, flags);
    }
    if (fd < 0) {
      throw new IoFailure("open " + path, -fd);
    }
    boolean opened = false;
    try {
      UringFile file = inspect(path, fd, serial, closedFiles);
      opened = true;
      return file;
    } finally {
      if (!opened) {
        FileCalls.close(fd);
      }
    }
  }

  /** Finds out what the open really gave: the flag may be dropped, or mean nothing. */
  private static UringFile inspect(Path path, int fd, int serial, AtomicInteger closedFiles) {
    int flags = FileCalls.statusFlags(fd);
    if (flags < 0) {
      throw new IoFailure("fcntl(F_GETFL) of " + path, -flags);
    }
    FileCalls.FileStatus status = FileCalls.status(fd, path);
    boolean direct =
        (flags & FileCalls.O_DIRECT) != 0
            && FileCalls.fileSystemType(fd, path) != StatxLayout.TMPFS_MAGIC
            && (!status.directReported() || status.memoryAlignment() != 0);
    int alignmentBytes =
        direct && status.directReported()
            ? Math.max(status.memoryAlignment(), status.offsetAlignment())
            : DEFAULT_ALIGNMENT_BYTES;
    return new UringFile(path, fd, serial, direct, alignmentBytes, closedFiles);
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public int alignmentBytes() {
    return alignmentBytes;
  }

  @Override
  public boolean direct() {
    return direct;
  }

  @Override
  public long sizeBytes() {
    return FileCalls.status(fd(), path).sizeBytes();
  }

  @Override
  public void allocate(long offset, long lengthBytes) {
    Transfers.checkRange(this, offset, lengthBytes);
    fallocate("allocate", 0, offset, lengthBytes);
  }

  @Override
  public void punchHole(long offset, long lengthBytes) {
    Transfers.checkRange(this, offset, lengthBytes);
    fallocate(
        "punch a hole of",
        FileCalls.FALLOC_FL_PUNCH_HOLE | FileCalls.FALLOC_FL_KEEP_SIZE,
        offset,
        lengthBytes);
  }

  @Override
  public boolean givesSpaceBack() {
    return true;
  }

  private void fallocate(String what, int mode, long offset, long lengthBytes) {
    int result;
    int tries = 0;
    do {
      result = FileCalls.fallocate(fd(), mode, offset, lengthBytes);
    } while (result == -Errno.EINTR && ++tries < Transfers.MAX_FRUITLESS_TRIES);
    if (result < 0) {
      throw new IoFailure(
          "%s %d bytes at %d of %s".formatted(what, lengthBytes, offset, path), -result);
    }
  }

  @Override
  public void sync() {
    int result = FileCalls.fdatasync(fd());
    if (result < 0) {
      throw new IoFailure("fdatasync of " + path, -result);
    }
  }

  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    // After the flag: a queue that sees the new count must also see that this file is closed.
    closedFiles.incrementAndGet();
    int result = FileCalls.close(fd);
    if (result < 0) {
      throw new IoFailure("close " + path, -result);
    }
  }

  boolean isClosed() {
    return closed.get();
  }

  int serial() {
    return serial;
  }

  /** Returns the descriptor, which belongs to another file once this one is closed. */
  int fd() {
    if (closed.get()) {
      throw new IllegalStateException(path + " is closed");
    }
    return fd;
  }
}

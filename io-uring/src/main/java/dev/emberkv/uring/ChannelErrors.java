package dev.emberkv.uring;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;

/**
 * The errno behind an exception of the JDK's file channels, which carry it as text at best. What is
 * not recognized counts as EIO, the answer that makes a store stop writing.
 */
final class ChannelErrors {
  private ChannelErrors() {}

  static IoFailure failure(String operation, IOException e) {
    IoFailure failure = new IoFailure(operation, errno(e));
    failure.initCause(e);
    return failure;
  }

  static int errno(IOException e) {
    if (e instanceof NoSuchFileException) {
      return Errno.ENOENT;
    }
    if (e instanceof AccessDeniedException) {
      return Errno.EACCES;
    }
    String message = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
    if (message.contains("no space left")) {
      return Errno.ENOSPC;
    }
    if (message.contains("invalid argument")) {
      return Errno.EINVAL;
    }
    if (message.contains("read-only file system")) {
      return Errno.EROFS;
    }
    return Errno.EIO;
  }
}

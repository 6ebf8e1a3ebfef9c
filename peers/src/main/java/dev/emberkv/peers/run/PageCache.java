package dev.emberkv.peers.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The kernel's cache of file pages: what an earlier process left there is no part of a budget. */
final class PageCache {
  private PageCache() {}

  /** Drops the pages of all files of a directory. */
  static void drop(Path directory) {
    try (var files = Files.walk(directory)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        // posix_fadvise(POSIX_FADV_DONTNEED) over the whole file, after its pages are written
        Process dd =
            new ProcessBuilder(
                    "dd", "of=" + file, "oflag=nocache", "conv=notrunc,fdatasync", "count=0")
                .redirectErrorStream(true)
                .start();
        String said =
            new String(dd.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        if (dd.waitFor() != 0) {
          throw new IllegalStateException("cannot drop the cached pages of " + file + ": " + said);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}

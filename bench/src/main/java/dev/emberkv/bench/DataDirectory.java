package dev.emberkv.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/** Where a run keeps its data: the directory that was asked for, or one that goes when it ends. */
public final class DataDirectory implements AutoCloseable {
  private final Path path;
  private final boolean temporary;

  private DataDirectory(Path path, boolean temporary) {
    this.path = path;
    this.temporary = temporary;
  }

  /** Takes the given directory, or makes a temporary one when it is null. */
  public static DataDirectory of(@Nullable Path given) {
    try {
      return given == null
          ? new DataDirectory(Files.createTempDirectory("emberkv-"), true)
          : new DataDirectory(Files.createDirectories(given), false);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot make " + given + ": " + e, e);
    }
  }

  /** Returns the path of the directory, which exists. */
  public Path path() {
    return path;
  }

  /** Returns whether nothing is in the directory. */
  public boolean isEmpty() {
    try (var entries = Files.list(path)) {
      return entries.findAny().isEmpty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Deletes the directory if it is a temporary one. */
  @Override
  public void close() {
    if (!temporary) {
      return;
    }
    try (var entries = Files.walk(path)) {
      for (Path entry : entries.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(entry);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot delete " + path, e);
    }
  }
}

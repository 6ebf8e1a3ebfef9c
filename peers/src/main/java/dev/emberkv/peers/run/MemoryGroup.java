package dev.emberkv.peers.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A bound on the memory of a process, pages of its files included: the only way to give a store
 * whose cache is the page cache a budget. Needs the rights to make a control group.
 */
final class MemoryGroup implements AutoCloseable {
  private static final Path ROOT = Path.of("/sys/fs/cgroup");

  private final Path directory;

  private MemoryGroup(Path directory) {
    this.directory = directory;
  }

  /** Makes a group, or returns nothing where that is not possible. */
  static Optional<MemoryGroup> make(String name, long bytes) {
    record Place(Path parent, String limit) {}
    for (Place place :
        List.of(
            new Place(ROOT.resolve("memory"), "memory.limit_in_bytes"),
            new Place(ROOT, "memory.max"))) {
      Path directory =
          place.parent.resolve("emberkv-bench-" + ProcessHandle.current().pid() + "-" + name);
      try {
        Files.createDirectory(directory);
        if (Files.exists(directory.resolve(place.limit))) {
          Files.writeString(directory.resolve(place.limit), Long.toString(bytes));
          return Optional.of(new MemoryGroup(directory));
        }
        Files.delete(directory);
      } catch (IOException e) {
        // Not this kind of group, or no rights. When there is none, the caller says so.
      }
    }
    return Optional.empty();
  }

  /** Puts a process in. What it has so far counts elsewhere. */
  void add(long pid) {
    try {
      Files.writeString(directory.resolve("cgroup.procs"), Long.toString(pid));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException("cannot bound the memory of process " + pid, e);
    }
  }

  /** Removes the group, from which all processes are gone. */
  @Override
  public void close() {
    try {
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      System.err.println("emberkv: " + directory + " is left over: " + e);
    }
  }
}

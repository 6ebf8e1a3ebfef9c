package dev.emberkv.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How many connections the operating system lets this process have: its limit on open files, less
 * those that are open for other purposes. The JVM raises the soft limit to the hard one by itself.
 *
 * @param openFiles the most files that the process may have open; {@link Long#MAX_VALUE} when
 *     nothing tells
 * @param reserved how many of them are kept for other purposes
 */
record FileLimit(long openFiles, long reserved) {
  private static final Logger LOG = LoggerFactory.getLogger(FileLimit.class);
  private static final String LIMIT = "Max open files";

  /** Files that may yet be opened beside connections: volumes, rings, what the JVM loads. */
  private static final int SPARE = 64;

  /** Asks the operating system. */
  static FileLimit ofThisProcess() {
    return of(Path.of("/proc/self/limits"), Path.of("/proc/self/fd"));
  }

  /** Reads the limit from one file and counts what is open in a folder. */
  static FileLimit of(Path limits, Path open) {
    try (Stream<Path> files = Files.list(open)) {
      return new FileLimit(softLimit(Files.readAllLines(limits)), files.count() + SPARE);
    } catch (NoSuchFileException e) {
      LOG.debug("no limit on open files is known: {}", e.getMessage());
    } catch (IOException e) {
      LOG.warn("cannot read the limit on open files: {}", e.toString());
    }
    return new FileLimit(Long.MAX_VALUE, 0);
  }

  private static long softLimit(List<String> limits) throws IOException {
    for (String line : limits) {
      if (line.startsWith(LIMIT)) {
        String soft = line.substring(LIMIT.length()).strip().split("\\s+", 2)[0];
        return soft.equals("unlimited") ? Long.MAX_VALUE : Long.parseLong(soft);
      }
    }
    throw new IOException("no line '" + LIMIT + "' in the limits of this process");
  }

  /** Returns how many connections there is room for. */
  long connections() {
    return Math.max(0, openFiles - reserved);
  }

  /**
   * Returns how many of the connections asked for are possible, and says so if that is fewer.
   *
   * @throws IOException when there is room for none
   */
  int cap(int maxClients) throws IOException {
    if (connections() >= maxClients) {
      return maxClients;
    }
    if (connections() == 0) {
      throw new IOException(
          "the limit of %d open files leaves none for connections; raise it with ulimit -n"
              .formatted(openFiles));
    }
    LOG.warn(
        "maxclients is {} and not {}: the limit of {} open files allows no more; raise it with"
            + " ulimit -n",
        connections(),
        maxClients,
        openFiles);
    return (int) connections();
  }
}

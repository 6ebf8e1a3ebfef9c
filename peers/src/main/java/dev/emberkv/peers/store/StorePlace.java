package dev.emberkv.peers.store;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * What a store is opened for.
 *
 * @param directory where it keeps its files, as text; exists
 * @param rows rows that it is going to have, those that gradients go to included
 * @param pushRows of these, the ones that gradients go to
 * @param rowBytes width of a row
 * @param memoryBytes the DRAM budget
 * @param holdsAll whether the budget is meant to hold all rows
 */
public record StorePlace(
    String directory, long rows, long pushRows, int rowBytes, long memoryBytes, boolean holdsAll)
    implements Serializable {
  /** Returns the directory. */
  public Path path() {
    return Path.of(directory);
  }

  /** Returns a file or folder in the directory. */
  Path file(String name) {
    return path().resolve(name);
  }

  /** Returns the disk space that the directory takes, in bytes: what is allocated, not lengths. */
  long diskBytes() {
    try {
      Process du =
          new ProcessBuilder("du", "-s", "--block-size=1", directory)
              .redirectError(ProcessBuilder.Redirect.DISCARD) // files that are gone meanwhile
              .start();
      String text = new String(du.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return Long.parseLong(text.substring(0, text.indexOf('\t')));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

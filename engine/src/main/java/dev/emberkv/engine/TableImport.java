package dev.emberkv.engine;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads what {@link TableExport} wrote into a table: rows as they were, the optimizer's state
 * included, and deletions. What is imported again changes nothing, so an import that was cut short
 * is repeated from the start.
 */
public final class TableImport {
  private TableImport() {}

  /**
   * What was read.
   *
   * @param rows rows in the file
   * @param deletions ids in the file that have no row any more
   * @param position of the table that was exported, for its next changes
   */
  public record Summary(long rows, long deletions, long position) {}

  /**
   * Reads a file into a table, which is made if it is not there. The file is checked to its end
   * first: half of a set of changes would be a table that never was.
   *
   * @param name of the table; null for that of the table that was exported
   * @param progress told of bytes of the file that were applied
   * @throws IOException when the file can't be read, is damaged or breaks off
   * @throws IllegalArgumentException when the table is there and of another kind
   */
  public static Summary run(Store store, Path file, @Nullable String name, LongConsumer progress)
      throws IOException {
    Summary summary = check(file);
    try (TableFileReader in = TableFileReader.open(file)) {
      TableSpec exported = in.header().spec();
      TableSpec wanted = name == null ? exported : exported.withName(name);
      Optional<Table> there = store.table(wanted.name());
      Table table = there.isPresent() ? there.get() : store.createTable(wanted);
      if (!table.spec().equals(wanted)) {
        throw new IllegalArgumentException(
            "%s has rows of %s, the table is %s".formatted(file, wanted, table.spec()));
      }
      for (TableFileReader.Chunk chunk = in.next(); chunk != null; chunk = in.next()) {
        apply(table, chunk, in.header().rowBytes());
        progress.accept(chunk.data().limit());
      }
    }
    store.flush();
    return summary;
  }

  /** Reads a file to its end. */
  private static Summary check(Path file) throws IOException {
    try (TableFileReader in = TableFileReader.open(file)) {
      TableFileReader.Chunk chunk = in.next();
      while (chunk != null) {
        chunk = in.next();
      }
      Long position = in.position();
      if (position == null) {
        throw new IOException(
            "%s breaks off or is damaged at byte %d".formatted(file, in.offset()));
      }
      return new Summary(in.rows(), in.deletions(), position);
    } catch (IOException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  private static void apply(Table table, TableFileReader.Chunk chunk, int rowBytes) {
    if (chunk.deletions() > 0) {
      long[] ids = new long[chunk.deletions()];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = chunk.deleted(i, rowBytes);
      }
      table.delete(MemorySegment.ofArray(ids));
    }
    if (chunk.rows() > 0) {
      long[] ids = new long[chunk.rows()];
      byte[] rows = new byte[chunk.rows() * rowBytes];
      long latest = 0;
      for (int i = 0; i < ids.length; i++) {
        ids[i] = chunk.id(i, rowBytes);
        latest = Math.max(latest, Integer.toUnsignedLong(chunk.time(i, rowBytes)));
        chunk.data().get(chunk.rowOffset(i, rowBytes), rows, i * rowBytes, rowBytes);
      }
      table.load(MemorySegment.ofArray(ids), MemorySegment.ofArray(rows), latest);
    }
  }
}

package dev.emberkv.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes the rows of a table, or what changed in it, to a file that {@link TableImport} reads; the
 * format is in docs/DATA_FILE.md. The table can be in use meanwhile. Memory is bounded: some
 * megabytes are under way at a time.
 *
 * <p>A file of all rows, written while the table is in use, has each row as it was at some moment
 * of that time. With the changes since the export's position it is the table as of the end of
 * these.
 */
public final class TableExport {
  private TableExport() {}

  /**
   * What was written.
   *
   * @param rows rows in the file
   * @param deletions ids in the file that have no row any more
   * @param position for {@link #changes}, to go on from
   * @param resumed rows that an earlier call had written
   */
  public record Summary(long rows, long deletions, long position, long resumed) {}

  /**
   * Writes all rows. A file that an earlier call of the same store has left unfinished is gone on
   * with; rows that changed meanwhile are among the changes since the position that is returned.
   *
   * @param progress told of rows that were written
   * @throws IOException when the file can't be written, or is there and is something else
   */
  public static Summary rows(Table table, Path file, LongConsumer progress) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      Start start = channel.size() == 0 ? begin(table, channel) : resume(table, file, channel);
      if (start.finished != null) {
        return new Summary(start.rows, 0, start.finished, start.rows);
      }
      progress.accept(start.rows);
      TableFileWriter out = new TableFileWriter(channel, table.spec().storedRowBytes(), start.rows);
      long cursor = start.cursor;
      try (TableScan scan = table.scan()) {
        do {
          long before = out.rows();
          cursor = scan.next(cursor, out);
          table.position(); // a row in the file must not be lost to a crash
          out.writeChunk(cursor);
          progress.accept(out.rows() - before);
        } while (cursor != 0);
      }
      out.end(start.position);
      return new Summary(out.rows(), 0, start.position, start.rows);
    }
  }

  /**
   * Where to go on.
   *
   * @param finished the position of a file that is complete, else null
   */
  private record Start(long position, long cursor, long rows, @Nullable Long finished) {}

  private static Start begin(Table table, FileChannel channel) throws IOException {
    long position = table.position();
    TableFile.Header header =
        new TableFile.Header(table.origin(), 0, position, false, table.spec());
    new TableFileWriter(channel, header.rowBytes(), 0).write(header.encode());
    return new Start(position, 0, 0, null);
  }

  private static Start resume(Table table, Path file, FileChannel channel) throws IOException {
    TableFileReader written;
    try {
      written = new TableFileReader(channel); // not closed: the channel is the caller's
    } catch (IOException e) {
      throw new IOException(file + " is in the way: " + e.getMessage(), e);
    }
    TableFile.Header header = written.header();
    if (header.changes()
        || header.origin() != table.origin()
        || !header.spec().equals(table.spec())) {
      throw new IOException(file + " is in the way: it is not an export of this table");
    }
    long cursor = 0;
    for (TableFileReader.Chunk chunk = written.next(); chunk != null; chunk = written.next()) {
      cursor = chunk.next();
    }
    if (written.position() == null) {
      channel.truncate(written.offset()).position(written.offset());
      if (written.rows() > 0 && cursor == 0) {
        channel.truncate(written.offset());
        new TableFileWriter(channel, header.rowBytes(), written.rows()).end(header.position());
        return new Start(header.position(), 0, written.rows(), header.position());
      }
    }
    return new Start(header.position(), cursor, written.rows(), written.position());
  }

  /**
   * Writes all rows for NumPy: {@code NAME.ids.npy} with the ids as u64, and {@code NAME.rows.npy}
   * with the embeddings as f32, in the same order. Both must not be there yet.
   *
   * @param name what the names of the files start with
   * @param progress told of rows that were written
   */
  public static Summary npy(Table table, Path name, LongConsumer progress) throws IOException {
    TableSpec spec = table.spec();
    long position = table.position();
    try (NpyFile ids = new NpyFile(Path.of(name + ".ids.npy"), "<u8", 0);
        NpyFile rows = new NpyFile(Path.of(name + ".rows.npy"), "<f4", spec.dim());
        Floats floats = new Floats(spec, ids, rows);
        TableScan scan = table.scan()) {
      long cursor = 0;
      do {
        long before = floats.count;
        cursor = scan.next(cursor, floats);
        progress.accept(floats.count - before);
      } while (cursor != 0);
      ids.end(floats.count);
      rows.end(floats.count);
      return new Summary(floats.count, 0, position, 0);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** Writes rows as f32. */
  private static final class Floats implements ChangeVisitor, AutoCloseable {
    private final Numbers numbers;
    private final NpyFile ids;
    private final NpyFile rows;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment values;
    private long count;

    Floats(TableSpec spec, NpyFile ids, NpyFile rows) {
      this.numbers = new Numbers(spec.dtype(), spec.dim());
      this.ids = ids;
      this.rows = rows;
      this.values = arena.allocate((long) spec.dim() * Float.BYTES, 64);
    }

    @Override
    public void row(long id, int timeSeconds, MemorySegment stored) {
      numbers.decode(stored.address(), values.address());
      try {
        ids.putLong(id);
        rows.put(values.asByteBuffer());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      count++;
    }

    @Override
    public void deleted(long id) {
      throw new IllegalStateException("a walk over rows shows a deletion");
    }

    @Override
    public void close() {
      arena.close();
    }
  }

  /**
   * Writes what changed.
   *
   * @param position what an earlier export returned
   * @param file must not be there yet
   * @param progress told of rows and deletions that were written
   * @throws ChangesGoneException when deletions since then were forgotten
   * @throws IOException when the file can't be written or is there
   */
  public static Summary changes(Table table, long position, Path file, LongConsumer progress)
      throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      TableFile.Header header =
          new TableFile.Header(table.origin(), position, position, true, table.spec());
      TableFileWriter out = new TableFileWriter(channel, header.rowBytes(), 0);
      out.write(header.encode());
      long next = table.changedSince(position, new Chunks(out, progress));
      out.writeChunk(0);
      out.end(next);
      return new Summary(out.rows(), out.deletions(), next, 0);
    }
  }

  /** Writes each chunk when it is full. */
  private static final class Chunks implements ChangeVisitor {
    private final TableFileWriter out;
    private final LongConsumer progress;

    Chunks(TableFileWriter out, LongConsumer progress) {
      this.out = out;
      this.progress = progress;
    }

    @Override
    public void row(long id, int timeSeconds, MemorySegment stored) {
      out.row(id, timeSeconds, stored);
      took();
    }

    @Override
    public void deleted(long id) {
      out.deleted(id);
      took();
    }

    private void took() {
      progress.accept(1);
      if (out.isFull()) {
        out.writeChunkUnchecked(0);
      }
    }
  }
}

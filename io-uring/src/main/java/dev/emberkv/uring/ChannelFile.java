package dev.emberkv.uring;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/**
 * A file of the portable backend.
 *
 * <p>Thread-safe. Every operation runs on a worker thread: a channel closes itself when the thread
 * that uses it is interrupted, and the callers' threads may be, but the workers never are.
 */
final class ChannelFile implements DirectFile {
  /** Nothing is demanded of transfers through the page cache; whole pages are the cheapest. */
  private static final int BUFFERED_ALIGNMENT_BYTES = 4096;

  private static final int ZEROS_BYTES = 1 << 20;

  /** The JDK's O_DIRECT. By name, because javac warns of each mention of its class. */
  private static final OpenOption DIRECT = directOption();

  private final Path path;
  private final FileChannel channel;
  private final boolean direct;
  private final int alignmentBytes;
  private final Executor workers;

  ChannelFile(
      Path path, FileChannel channel, boolean direct, int alignmentBytes, Executor workers) {
    this.path = path;
    this.channel = channel;
    this.direct = direct;
    this.alignmentBytes = alignmentBytes;
    this.workers = workers;
  }

  static ChannelFile open(Path path, Executor workers) {
    try {
      FileChannel channel;
      try {
        channel = FileChannel.open(path, Set.of(READ, WRITE, CREATE, DIRECT));
      } catch (IOException | UnsupportedOperationException e) {
        // Not every file system has O_DIRECT; a file that can't be opened at all fails again here.
        return new ChannelFile(
            path,
            FileChannel.open(path, READ, WRITE, CREATE),
            false,
            BUFFERED_ALIGNMENT_BYTES,
            workers);
      }
      long blockBytes = Files.getFileStore(path).getBlockSize();
      return new ChannelFile(path, channel, true, Math.toIntExact(blockBytes), workers);
    } catch (IOException e) {
      throw ChannelErrors.failure("open " + path, e);
    }
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
    return call("size of " + path, channel::size);
  }

  /**
   * Reserves space by writing zeros behind the end of the file, the only way that the JDK has. A
   * range inside the file has its space already, since this backend makes no holes.
   */
  @Override
  public void allocate(long offset, long lengthBytes) {
    Transfers.checkRange(this, offset, lengthBytes);
    call(
        "allocate %d bytes at %d of %s".formatted(lengthBytes, offset, path),
        () -> {
          long firstNew = Math.ceilDiv(channel.size(), alignmentBytes) * alignmentBytes;
          writeZeros(firstNew, offset + lengthBytes);
          return 0L;
        });
  }

  /** Writes zeros: the JDK can't give disk space back, but the range reads as promised. */
  @Override
  public void punchHole(long offset, long lengthBytes) {
    Transfers.checkRange(this, offset, lengthBytes);
    call(
        "clear %d bytes at %d of %s".formatted(lengthBytes, offset, path),
        () -> {
          writeZeros(offset, Math.min(offset + lengthBytes, channel.size()));
          return 0L;
        });
  }

  @Override
  public boolean givesSpaceBack() {
    return false;
  }

  @Override
  public void sync() {
    call(
        "fdatasync of " + path,
        () -> {
          force();
          return 0L;
        });
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw ChannelErrors.failure("close " + path, e);
    }
  }

  /** Reads the whole range into a buffer; false when the file ends before. For workers. */
  boolean readFully(long offset, ByteBuffer target) throws IOException {
    long position = offset;
    while (target.hasRemaining()) {
      int moved = channel.read(target, position);
      if (moved <= 0 || (direct && moved % alignmentBytes != 0)) {
        return false;
      }
      position += moved;
    }
    return true;
  }

  /** Writes the whole buffer. For workers. */
  void writeFully(long offset, ByteBuffer source) throws IOException {
    long position = offset;
    while (source.hasRemaining()) {
      position += channel.write(source, position);
    }
  }

  /** Makes finished writes durable. For workers. */
  void force() throws IOException {
    channel.force(false);
  }

  private static OpenOption directOption() {
    try {
      Class<?> options = Class.forName("com.sun.nio.file.ExtendedOpenOption");
      return (OpenOption) options.getField("DIRECT").get(null);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private void writeZeros(long from, long end) throws IOException {
    if (from >= end) {
      return;
    }
    ByteBuffer zeros =
        ByteBuffer.allocateDirect(ZEROS_BYTES + alignmentBytes).alignedSlice(alignmentBytes);
    for (long at = from; at < end; at += ZEROS_BYTES) {
      zeros.clear().limit((int) Math.min(end - at, ZEROS_BYTES));
      writeFully(at, zeros);
    }
  }

  private interface Operation {
    long run() throws IOException;
  }

  /** Runs a blocking operation on a worker and waits for it, whatever interrupts arrive. */
  private long call(String what, Operation operation) {
    CompletableFuture<Long> outcome = new CompletableFuture<>();
    workers.execute(() -> {
      try {
        outcome.complete(operation.run());
      } catch (IOException e) {
        outcome.completeExceptionally(ChannelErrors.failure(what, e));
      } catch (RuntimeException | Error e) {
        outcome.completeExceptionally(e);
      }
    });
    try {
      return outcome.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }
}

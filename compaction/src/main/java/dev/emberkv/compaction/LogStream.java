package dev.emberkv.compaction;

import dev.emberkv.index.LiveBitmaps;
import dev.emberkv.uring.DirectFile;
import dev.emberkv.uring.IoBackend;
import dev.emberkv.uring.IoQueue;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One of the sequences of segments that a log fills side by side: its write buffers, the thread
 * that takes them to the device, and the open segment. A crash leaves a prefix of each stream.
 *
 * <p>Thread-safe but for {@link #close}.
 */
final class LogStream implements AutoCloseable {
  private static final int WRITES_IN_FLIGHT = 32;

  private final int number;
  private final BlockPool pool;
  private final BlockWriter blockWriter;
  private final SegmentWriter writer;

  private LogStream(int number, BlockPool pool, BlockWriter blockWriter, SegmentWriter writer) {
    this.number = number;
    this.pool = pool;
    this.blockWriter = blockWriter;
    this.writer = writer;
  }

  /** Opens a stream behind what is left of it in an existing volume, and cuts a torn tail. */
  static LogStream open(
      int number,
      IoBackend backend,
      DirectFile file,
      LogOptions options,
      SegmentTable table,
      LiveBitmaps live,
      LogHealth health) {
    Optional<Segment> newest = newestOf(number, table.used());
    LogTail tail = null;
    long lastSequence = 0;
    if (newest.isPresent()) {
      tail = new TailRecovery(backend, file, newest.get()).recover();
      SegmentFooter footer = newest.get().footer();
      if (tail != null) {
        newest.get().reopen();
      } else if (footer != null) {
        lastSequence = footer.lastSequence();
      }
    }
    ReentrantLock lock = new ReentrantLock();
    Condition progress = lock.newCondition();
    BlockPool pool = new BlockPool(options);
    BlockWriter blockWriter;
    try {
      IoQueue queue = backend.newQueue(WRITES_IN_FLIGHT, pool.memory());
      blockWriter = new BlockWriter(file, queue, pool, health, lock, progress);
    } catch (RuntimeException e) {
      pool.close();
      throw e;
    }
    SegmentWriter writer =
        new SegmentWriter(options, number, table, live, pool, blockWriter, health, lock, progress);
    if (tail == null) {
      writer.startAfter(lastSequence);
    } else {
      writer.resume(newest.orElseThrow(), tail);
    }
    blockWriter.start(writer.position());
    return new LogStream(number, pool, blockWriter, writer);
  }

  private static Optional<Segment> newestOf(int stream, List<Segment> used) {
    return used.stream()
        .filter(segment -> segment.header() != null && segment.identity().stream() == stream)
        .max(Comparator.comparingLong(Segment::lastGeneration));
  }

  SegmentWriter writer() {
    return writer;
  }

  BlockPool pool() {
    return pool;
  }

  /** Returns the segments that this stream scans; those of unknown identity are the main one's. */
  List<Segment> ownOf(List<Segment> used) {
    return used.stream()
        .filter(segment -> {
          SegmentHeader header = segment.header();
          return (header == null ? SegmentHeader.STREAM_MAIN : header.stream()) == number;
        })
        .toList();
  }

  /** Flushes, and frees what the stream holds. */
  @Override
  public void close() {
    try (pool;
        blockWriter) {
      writer.close();
    }
  }
}

package dev.emberkv.compaction;

import dev.emberkv.uring.DirectFile;
import dev.emberkv.uring.IoBackend;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * The scan that a start makes: hands the records of all segments to a visitor in the order of
 * {@link LogScan}, but reads ahead with other threads, which check the records and make a {@link
 * SegmentDigest} of each segment, or take it from the archive. A segment with damage is scanned by
 * the caller's thread, which reports it.
 *
 * <p>Not thread-safe; the visitor is called by the caller's thread.
 */
final class LogReplay implements AutoCloseable {
  /** The most threads that read ahead: one that replays is not faster than a few that read. */
  private static final int MAX_READERS = 3;

  private final IoBackend backend;
  private final DirectFile file;
  private final RecordVisitor visitor;
  private final KeptPayload kept;
  private final DigestArchive archive;
  private final int readers;
  private final ExecutorService threads;
  private final ArrayDeque<SegmentScanner> idle = new ArrayDeque<>();
  private final ArrayDeque<Future<@Nullable SegmentDigest>> ahead = new ArrayDeque<>();

  LogReplay(
      IoBackend backend,
      DirectFile file,
      RecordVisitor visitor,
      KeptPayload kept,
      DigestArchive archive) {
    this.backend = backend;
    this.file = file;
    this.visitor = visitor;
    this.kept = kept;
    this.archive = archive;
    this.readers = Math.clamp(Runtime.getRuntime().availableProcessors() - 1, 1, MAX_READERS);
    this.threads =
        Executors.newFixedThreadPool(
            readers, Thread.ofPlatform().daemon().name("emberkv-log-reader-", 0).factory());
  }

  /** Replays the ranges in their order. */
  void run(List<ScanRange> ranges) {
    int submitted = 0;
    for (int i = 0; i < ranges.size(); i++) {
      while (submitted < ranges.size() && submitted <= i + readers + 1) {
        ScanRange next = ranges.get(submitted++);
        ahead.add(threads.submit(() -> digest(next)));
      }
      ScanRange range = ranges.get(i);
      try (SegmentDigest digest = await(ahead.remove())) {
        SegmentHeader header = range.header();
        if (digest == null || header == null) {
          new LogScan(backend, file, visitor).run(List.of(range));
        } else {
          digest.replay(header.segment(), header.segmentBytes(), visitor);
        }
      }
    }
  }

  private @Nullable SegmentDigest digest(ScanRange range) {
    SegmentFooter footer = range.footer();
    if (footer != null && range.hasDigest()) {
      byte[][] pieces = archive.find(DigestId.of(footer));
      if (pieces != null) {
        return SegmentDigest.of(pieces, footer.records());
      }
    }
    SegmentScanner scanner = borrow();
    try {
      return DigestWriter.digest(scanner, range, kept);
    } finally {
      synchronized (idle) {
        idle.push(scanner);
      }
    }
  }

  private SegmentScanner borrow() {
    synchronized (idle) {
      SegmentScanner scanner = idle.poll();
      if (scanner != null) {
        return scanner;
      }
    }
    return new SegmentScanner(backend, file);
  }

  private static @Nullable SegmentDigest await(Future<@Nullable SegmentDigest> future) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return future.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new IllegalStateException("reading the log ahead", e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Waits for the threads, and drops what they read that was not replayed. */
  @Override
  public void close() {
    List<SegmentScanner> scanners = new ArrayList<>();
    try (threads) {
      for (Future<@Nullable SegmentDigest> future : ahead) {
        try (SegmentDigest unused = await(future)) {
          assert unused == null || unused.records() >= 0;
        } catch (RuntimeException e) {
          // a failure that the caller is being told of, or one behind it
        }
      }
    }
    synchronized (idle) {
      scanners.addAll(idle);
    }
    scanners.forEach(SegmentScanner::close);
  }
}

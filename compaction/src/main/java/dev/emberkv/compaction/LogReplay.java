package dev.emberkv.compaction;

import dev.emberkv.uring.DirectFile;
import dev.emberkv.uring.IoBackend;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The scan that a start makes: hands the records of all segments over on all processors, each
 * segment from its digest if the archive has one, and else from the device.
 *
 * <p>Not thread-safe; the threads are its own.
 */
final class LogReplay {
  private final IoBackend backend;
  private final DirectFile file;
  private final SegmentReplay target;
  private final DigestArchive archive;
  private final List<ScanRange> ranges;
  private final AtomicInteger next = new AtomicInteger();

  /** Prepares to replay ranges, which are in the order of the log. */
  LogReplay(
      IoBackend backend,
      DirectFile file,
      SegmentReplay target,
      DigestArchive archive,
      List<ScanRange> ranges) {
    this.backend = backend;
    this.file = file;
    this.target = target;
    this.archive = archive;
    this.ranges = ranges;
  }

  /** Replays all ranges. */
  void run() {
    int count = Math.min(Runtime.getRuntime().availableProcessors(), ranges.size());
    if (count <= 1) {
      work();
      return;
    }
    List<Future<?>> running = new ArrayList<>();
    try (ExecutorService threads =
        Executors.newFixedThreadPool(
            count, Thread.ofPlatform().daemon().name("emberkv-log-reader-", 0).factory())) {
      for (int i = 0; i < count; i++) {
        running.add(threads.submit(this::work));
      }
    }
    for (Future<?> thread : running) {
      if (thread.state() == Future.State.FAILED) {
        throw thread.exceptionNow() instanceof RuntimeException e
            ? e
            : new IllegalStateException("replaying the log", thread.exceptionNow());
      }
    }
  }

  /** Takes one range after the other, until none is left or a thread has failed. */
  private void work() {
    boolean done = false;
    try (SegmentScanner scanner = new SegmentScanner(backend, file)) {
      for (int i = next.getAndIncrement(); i < ranges.size(); i = next.getAndIncrement()) {
        ScanRange range = ranges.get(i);
        RecordVisitor visitor = target.begin(i, range.number(), range.generation());
        replay(range, visitor, scanner);
        target.end(i, visitor);
      }
      done = true;
    } finally {
      if (!done) {
        next.set(ranges.size());
      }
    }
  }

  private void replay(ScanRange range, RecordVisitor visitor, SegmentScanner scanner) {
    SegmentFooter footer = range.footer();
    if (footer != null && range.hasDigest()) {
      byte[][] pieces = archive.find(DigestId.of(footer));
      if (pieces != null) {
        try (SegmentDigest digest = SegmentDigest.of(pieces, footer.records())) {
          SegmentHeader header = footer.header();
          digest.replay(header.segment(), header.segmentBytes(), visitor);
          return;
        }
      }
    }
    LogScan.scan(scanner, range, visitor);
  }
}

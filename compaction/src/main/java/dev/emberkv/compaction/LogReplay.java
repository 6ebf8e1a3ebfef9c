package dev.emberkv.compaction;

import dev.emberkv.uring.DirectFile;
import dev.emberkv.uring.IoBackend;
import java.util.Collections;
import java.util.List;
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
    int count = Math.clamp(ranges.size(), 1, Runtime.getRuntime().availableProcessors());
    ParallelWork.run("emberkv-log-reader", Collections.nCopies(count, this::work));
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

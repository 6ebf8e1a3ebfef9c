package dev.emberkv.compaction;

import static dev.emberkv.compaction.RecordFormat.PAGE_BYTES;

import dev.emberkv.uring.DirectFile;
import dev.emberkv.uring.IoBackend;
import dev.emberkv.uring.IoFailure;
import dev.emberkv.uring.IoQueue;
import dev.emberkv.uring.NativeMemory;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one place that ends uses of segments: writes a header that says so, makes it durable, and
 * only then lets the segment be taken again. A header is one sector, so after a crash a segment is
 * either still in its old use, whole, or free. Free segments beyond those that will be used soon
 * give their disk space back.
 *
 * <p>Not thread-safe: owned by the thread that cleans.
 */
final class SegmentFreer {
  private static final Logger LOG = LoggerFactory.getLogger(SegmentFreer.class);

  /** Of the used segments, one in so many stays allocated while it is free. */
  private static final int SHARE_KEPT = 32;

  private static final int LEAST_KEPT = 6;

  private final IoBackend backend;
  private final DirectFile file;
  private final SegmentTable table;
  private final LogHealth health;
  private boolean trims;

  SegmentFreer(IoBackend backend, DirectFile file, SegmentTable table, LogHealth health) {
    this.backend = backend;
    this.file = file;
    this.table = table;
    this.health = health;
    this.trims = file.givesSpaceBack();
  }

  /**
   * Frees sealed segments.
   *
   * @throws IoFailure when the device fails; the log is read-only then
   */
  void free(List<Segment> segments) {
    health.check();
    List<SegmentHeader> headers = new ArrayList<>();
    try {
      for (Segment segment : segments) {
        headers.add(table.freeHeader(segment));
      }
      write(segments, headers);
      file.sync();
    } catch (IoFailure e) {
      health.fail(e);
      throw e;
    }
    for (int i = 0; i < segments.size(); i++) {
      table.free(segments.get(i), headers.get(i));
    }
    trim();
  }

  private void write(List<Segment> segments, List<SegmentHeader> headers) {
    try (NativeMemory memory = NativeMemory.reserveSmallPages((long) segments.size() * PAGE_BYTES);
        IoQueue queue = backend.newQueue(segments.size(), memory)) {
      for (int i = 0; i < segments.size(); i++) {
        long page = memory.address() + (long) i * PAGE_BYTES;
        headers.get(i).write(page);
        queue.write(file, segments.get(i).fileOffset(), page, PAGE_BYTES, i);
      }
      IoFailure[] failure = new IoFailure[1];
      while (queue.inFlight() > 0) {
        queue.await(
            queue.inFlight(),
            (i, result) -> {
              if (result < 0) {
                int number = segments.get((int) i).number();
                failure[0] =
                    new IoFailure("free segment %d of %s".formatted(number, file.path()), -result);
              }
            });
      }
      if (failure[0] != null) {
        throw failure[0];
      }
    }
  }

  /**
   * Gives disk space back, but for as many free segments as were taken since the last time, up to
   * half as many as are used: these are needed again soon, and what was written once is quicker to
   * write and to sync than new space, which changes the file's extents.
   */
  private void trim() {
    if (!trims) {
      return;
    }
    int used = table.usedSegments();
    int keep =
        Math.max(Math.min(table.demand(), used / 2), Math.max(LEAST_KEPT, used / SHARE_KEPT));
    List<Segment> taken = table.takeToTrim(keep);
    List<Segment> trimmed = new ArrayList<>();
    for (Segment segment : taken) {
      try {
        // The header stays: it says that the segment is free.
        long dataBytes = segment.footerOffset();
        file.punchHole(segment.fileOffset() + PAGE_BYTES, dataBytes);
        trimmed.add(segment);
      } catch (IoFailure e) {
        trims = false;
        LOG.warn("{}: free segments keep their disk space: {}", file.path(), e.getMessage());
        break;
      }
    }
    table.putBack(trimmed, true);
    table.putBack(taken.subList(trimmed.size(), taken.size()), false);
  }
}

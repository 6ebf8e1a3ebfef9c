package dev.emberkv.compaction;

import static dev.emberkv.compaction.RecordFormat.PAGE_BYTES;

import dev.emberkv.uring.DirectFile;
import dev.emberkv.uring.IoBackend;
import dev.emberkv.uring.IoFailure;
import dev.emberkv.uring.IoQueue;
import dev.emberkv.uring.NativeMemory;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the header and footer pages of all segments of an existing volume. */
final class VolumeReader {
  /** How many segments are looked at in one go. */
  private static final int BATCH = 256;

  private final DirectFile file;
  private final IoBackend backend;
  private final int segmentBytes;
  private long storeId;
  private long otherStoreId;
  private @Nullable IoFailure failure;

  VolumeReader(IoBackend backend, DirectFile file, LogOptions options) {
    this.backend = backend;
    this.file = file;
    this.segmentBytes = options.segmentBytes();
    this.storeId = options.storeId();
  }

  /**
   * Returns all whole segments of the volume, restored from their pages.
   *
   * @throws IllegalStateException when the volume is of another store, version or segment size
   */
  List<Segment> read() {
    int count = Math.toIntExact(file.sizeBytes() / segmentBytes);
    List<Segment> segments = new ArrayList<>(count);
    try (NativeMemory memory = NativeMemory.reserve(2L * BATCH * PAGE_BYTES);
        IoQueue queue = backend.newQueue(2 * BATCH, memory)) {
      for (int first = 0; first < count; first += BATCH) {
        int batch = Math.min(BATCH, count - first);
        load(queue, memory.address(), first, batch);
        for (int i = 0; i < batch; i++) {
          long header = memory.address() + 2L * i * PAGE_BYTES;
          segments.add(restore(first + i, header, header + PAGE_BYTES));
        }
      }
    }
    if (otherStoreId != 0 && segments.stream().allMatch(segment -> segment.header() == null)) {
      throw new IllegalStateException(
          "%s belongs to the store %016x, not %016x".formatted(file.path(), otherStoreId, storeId));
    }
    return segments;
  }

  /**
   * Returns the size of the segments of a volume, or 0 when it is empty or nothing tells. A header
   * lies at a multiple of the size, so it is looked for at multiples of the smallest.
   */
  static int segmentBytesOf(IoBackend backend, DirectFile file) {
    long sizeBytes = file.sizeBytes();
    try (NativeMemory memory = NativeMemory.reserveSmallPages(PAGE_BYTES);
        IoQueue queue = backend.newQueue(1, memory)) {
      for (long at = 0; at < sizeBytes; at += LogOptions.MIN_SEGMENT_BYTES) {
        int[] result = new int[1];
        queue.read(file, at, memory.address(), PAGE_BYTES, at);
        queue.await(1, (offset, moved) -> result[0] = moved);
        if (result[0] < 0) {
          throw new IoFailure("read %s at %d".formatted(file.path(), at), -result[0]);
        }
        SegmentHeader header = SegmentHeader.read(memory.address());
        if (header != null && (long) header.segment() * header.segmentBytes() == at) {
          return header.segmentBytes();
        }
      }
    }
    return 0;
  }

  /** Returns the store that the volume belongs to, or {@link LogOptions#ANY_STORE} if none. */
  long storeId() {
    return storeId;
  }

  private void load(IoQueue queue, long address, int first, int batch) {
    for (int i = 0; i < batch; i++) {
      long header = (long) (first + i) * segmentBytes;
      long footer = header + segmentBytes - PAGE_BYTES;
      long target = address + 2L * i * PAGE_BYTES;
      queue.read(file, header, target, PAGE_BYTES, header);
      queue.read(file, footer, target + PAGE_BYTES, PAGE_BYTES, footer);
    }
    while (queue.inFlight() > 0) {
      queue.await(queue.inFlight(), this::completed);
    }
    IoFailure met = failure;
    if (met != null) {
      throw met;
    }
  }

  private void completed(long fileOffset, int result) {
    if (result < 0 && failure == null) {
      failure = new IoFailure("read %s at %d".formatted(file.path(), fileOffset), -result);
    }
  }

  private Segment restore(int number, long headerPage, long footerPage) {
    Segment segment = new Segment(number, segmentBytes);
    SegmentHeader header = ours(number, SegmentHeader.read(headerPage));
    SegmentFooter footer = SegmentFooter.read(footerPage);
    if (footer != null && ours(number, footer.header()) == null) {
      footer = null;
    }
    boolean footerIsNewer =
        footer != null && (header == null || footer.header().generation() > header.generation());
    if (footer != null && footerIsNewer) {
      segment.restore(
          footer.header(),
          footer.sealed() ? footer : null,
          "the header of generation %d of store %016x"
              .formatted(footer.header().generation(), storeId));
    } else if (header != null && header.stream() == SegmentHeader.STREAM_FREE) {
      segment.restoreFree(header);
    } else if (header != null) {
      boolean sealed = footer != null && footer.sealed() && footer.header().equals(header);
      segment.restore(header, sealed ? footer : null, null);
    } else {
      boolean blank = SegmentHeader.isBlank(headerPage) && SegmentHeader.isBlank(footerPage);
      segment.restore(
          null, null, blank ? null : "a header or footer of store %016x".formatted(storeId));
    }
    return segment;
  }

  /** Returns the header if it is of this store and place, else null. */
  private @Nullable SegmentHeader ours(int number, @Nullable SegmentHeader header) {
    if (header == null) {
      return null;
    }
    if (header.segmentBytes() != segmentBytes) {
      throw new IllegalStateException(
          "%s has segments of %d bytes, not %d"
              .formatted(file.path(), header.segmentBytes(), segmentBytes));
    }
    if (storeId == LogOptions.ANY_STORE) {
      storeId = header.storeId();
    }
    if (header.storeId() != storeId) {
      otherStoreId = header.storeId();
      return null;
    }
    return header.segment() == number ? header : null;
  }
}

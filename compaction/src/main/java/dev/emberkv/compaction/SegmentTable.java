package dev.emberkv.compaction;

import dev.emberkv.uring.DirectFile;
import dev.emberkv.uring.IoFailure;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * All segments of a volume and their states; the one place that decides which segment is used next.
 *
 * <p>One free segment is held back as the reserve: ordinary records are refused when only that one
 * is left, so that deletes, which are what makes room again, still find space.
 *
 * <p>Owned by the lock of {@link SegmentWriter}, but for {@link #seed}, which any thread may call:
 * the seed of a segment is stored with release before any location in it is known, and loaded with
 * acquire.
 */
final class SegmentTable {
  private final DirectFile file;
  private final int segmentBytes;
  private final long limitBytes;
  private final long storeId;
  private final List<Segment> segments = new ArrayList<>();
  private final ArrayDeque<Segment> free = new ArrayDeque<>();
  private long lastGeneration;
  private @Nullable IoFailure growthFailure;
  private volatile AtomicLongArray seeds = new AtomicLongArray(16);

  SegmentTable(DirectFile file, LogOptions options, long storeId, List<Segment> found) {
    this.file = file;
    this.segmentBytes = options.segmentBytes();
    this.limitBytes = Math.min(options.diskLimitBytes(), LogLocation.MAX_VOLUME_BYTES);
    this.storeId = storeId;
    for (Segment segment : found) {
      add(segment);
      SegmentHeader header = segment.header();
      if (header != null) {
        lastGeneration = Math.max(lastGeneration, header.generation());
        putSeed(segment.number(), header.seed());
      }
    }
  }

  private void add(Segment segment) {
    assert segment.number() == segments.size();
    segments.add(segment);
    if (segment.state() == Segment.State.FREE) {
      free.add(segment);
    }
  }

  /**
   * Returns the segment that the next {@link #open} should be given, and grows the volume while it
   * may so that one more is left behind it.
   *
   * @param urgent whether the reserve may be taken
   * @throws StoreFullException when no segment is left
   */
  Segment next(boolean urgent) {
    growTo(2);
    if (free.size() < (urgent ? 1 : 2)) {
      throw full();
    }
    return free.getFirst();
  }

  /** Returns whether a free segment is left or can be had, for the time after the open one. */
  boolean hasReserve() {
    growTo(1);
    return !free.isEmpty();
  }

  private void growTo(int wanted) {
    growthFailure = null;
    while (free.size() < wanted && volumeBytes() + segmentBytes <= limitBytes) {
      Segment segment = new Segment(segments.size(), segmentBytes);
      try {
        file.allocate(segment.fileOffset(), segmentBytes);
      } catch (IoFailure e) {
        growthFailure = e;
        return;
      }
      add(segment);
    }
  }

  /** Returns the failure that a caller gets for whom no segment is left. */
  StoreFullException full() {
    return new StoreFullException(usedBytes(), limitBytes, growthFailure);
  }

  /** Begins a use of a free segment. */
  void open(Segment segment, long sequence, long basePosition) {
    boolean taken = free.remove(segment);
    assert taken;
    lastGeneration++;
    SegmentHeader header =
        new SegmentHeader(
            storeId,
            segment.number(),
            segmentBytes,
            SegmentHeader.STREAM_MAIN,
            lastGeneration,
            ThreadLocalRandom.current().nextLong(),
            sequence);
    segment.open(header, basePosition);
    putSeed(segment.number(), header.seed());
  }

  /** Returns the segments that hold records, or did before they were damaged, oldest use first. */
  List<Segment> used() {
    return segments.stream()
        .filter(segment -> segment.state() != Segment.State.FREE)
        .sorted(Comparator.comparingLong(SegmentTable::generation))
        .toList();
  }

  private static long generation(Segment segment) {
    SegmentHeader header = segment.header();
    return header == null ? 0 : header.generation();
  }

  int usedSegments() {
    return segments.size() - free.size();
  }

  int freeSegments() {
    return free.size();
  }

  long usedBytes() {
    return (long) usedSegments() * segmentBytes;
  }

  long volumeBytes() {
    return (long) segments.size() * segmentBytes;
  }

  long limitBytes() {
    return limitBytes;
  }

  /** Returns the seed of a segment's checksums. Thread-safe. */
  long seed(long segment) {
    AtomicLongArray all = seeds;
    return segment < all.length() ? all.getAcquire((int) segment) : 0;
  }

  private void putSeed(int segment, long seed) {
    AtomicLongArray all = seeds;
    if (segment >= all.length()) {
      AtomicLongArray wider = new AtomicLongArray(Math.max(segment + 1, 2 * all.length()));
      for (int i = 0; i < all.length(); i++) {
        wider.setPlain(i, all.getPlain(i));
      }
      all = wider;
    }
    all.setRelease(segment, seed);
    seeds = all;
  }
}

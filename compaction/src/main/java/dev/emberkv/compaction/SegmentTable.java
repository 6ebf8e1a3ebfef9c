package dev.emberkv.compaction;

import dev.emberkv.index.LiveBitmaps;
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
 * <p>Some free segments are held back, see {@link Claim}. A free segment has its disk space or was
 * trimmed; as many as are held back have it at any time, so that a full file system can't stop the
 * cleaning that makes room.
 *
 * <p>Thread-safe: guarded by this object's monitor, which is taken inside the lock of a {@link
 * SegmentWriter}. {@link #seed} takes no lock: the seed of a segment is stored with release before
 * any location in it is known, and loaded with acquire.
 */
final class SegmentTable {
  /** How many segments beyond those held back get their disk space ahead of time. */
  private static final int SEGMENTS_AHEAD = 4;

  /** How many segments are held back for cleaning at least. */
  private static final int LEAST_FOR_CLEANING = 2;

  /** Of a limit's segments, one in so many is held back for cleaning, up to this many bytes. */
  private static final int CLEANING_SHARE = 256;

  private static final int MOST_CLEANING_BYTES = 16 << 20;

  /**
   * Of the volume's segments, one in so many is held back for deletes, at least one: their
   * tombstones have to fit until there is enough garbage to clean, see docs/adr/0008-cleaning.md.
   */
  private static final int DELETING_SHARE = 1024;

  private final DirectFile file;
  private final int segmentBytes;
  private final long limitBytes;
  private final long storeId;
  private final LiveBitmaps live;
  private final int forCleaning;
  private final List<Segment> segments = new ArrayList<>();
  private final ArrayDeque<Segment> ready = new ArrayDeque<>();
  private final ArrayDeque<Segment> trimmed = new ArrayDeque<>();
  private long lastGeneration;

  /** How many segments cleaning has taken of those held back for it, and not given back. */
  private int borrowed;

  /** How many segments were taken since somebody asked. */
  private int taken;

  private @Nullable IoFailure growthFailure;

  /** Whether only segments that have their disk space count as room. */
  private boolean ahead;

  private volatile AtomicLongArray seeds = new AtomicLongArray(16);

  SegmentTable(
      DirectFile file, LogOptions options, long storeId, LiveBitmaps live, List<Segment> found) {
    this.file = file;
    this.segmentBytes = options.segmentBytes();
    this.limitBytes = Math.min(options.diskLimitBytes(), LogLocation.MAX_VOLUME_BYTES);
    this.storeId = storeId;
    this.live = live;
    boolean limited = limitBytes < LogLocation.MAX_VOLUME_BYTES;
    long share = limited ? limitBytes / segmentBytes / CLEANING_SHARE : 0;
    this.forCleaning =
        (int) Math.max(LEAST_FOR_CLEANING, Math.min(share, MOST_CLEANING_BYTES / segmentBytes));
    for (Segment segment : found) {
      add(segment);
      lastGeneration = Math.max(lastGeneration, segment.lastGeneration());
      SegmentHeader header = segment.header();
      if (header != null) {
        putSeed(segment.number(), header.seed());
      }
      if (segment.state() != Segment.State.FREE) {
        live.open(segment.number());
      }
    }
  }

  private void add(Segment segment) {
    assert segment.number() == segments.size();
    segments.add(segment);
    if (segment.state() == Segment.State.FREE) {
      if (segment.lastGeneration() > 0) {
        // Whether it was trimmed is not known; to allocate it again does no harm.
        segment.trimmed(true);
        trimmed.add(segment);
      } else {
        ready.add(segment);
      }
    }
  }

  /**
   * Takes a free segment out, for {@link #open}.
   *
   * @throws StoreFullException when none is left for this claim
   */
  synchronized Segment take(Claim claim) {
    int headroom = headroom(claim);
    prepare(headroom + 1);
    if (ready.size() <= headroom) {
      throw full();
    }
    if (claim == Claim.CLEANING) {
      borrowed = Math.min(forCleaning, borrowed + 1);
    }
    taken++;
    return ready.removeFirst();
  }

  /** Returns how many segments were taken since the last call. */
  synchronized int demand() {
    int demand = taken;
    taken = 0;
    return demand;
  }

  /** Returns how many free segments a claim must leave. */
  private int headroom(Claim claim) {
    return switch (claim) {
      case ORDINARY -> forCleaning - borrowed + Math.max(1, segments.size() / DELETING_SHARE);
      case URGENT -> forCleaning - borrowed;
      case CLEANING -> 0;
    };
  }

  /** Returns how many segments cleaning can take without taking room from rows. */
  synchronized int segmentsForCleaning() {
    return forCleaning - borrowed;
  }

  /** Returns whether more segments are free, or can be had, than an ordinary claim leaves. */
  synchronized boolean hasRoom() {
    int wanted = headroom(Claim.ORDINARY);
    prepare(wanted);
    return ready.size() >= wanted;
  }

  /** Sees to it that a number of free segments have their disk space, as far as that goes. */
  private void prepare(int wanted) {
    while (ready.size() < wanted) {
      Segment segment = trimmed.peekFirst();
      boolean made = segment == null;
      if (segment == null) {
        if (volumeBytes() + segmentBytes > limitBytes) {
          return;
        }
        segment = new Segment(segments.size(), segmentBytes);
      }
      try {
        file.allocate(segment.fileOffset(), segmentBytes);
      } catch (IoFailure e) {
        growthFailure = e;
        ahead = true;
        return;
      }
      growthFailure = null;
      if (made) {
        add(segment);
      } else {
        trimmed.removeFirst();
        segment.trimmed(false);
        ready.add(segment);
      }
    }
  }

  /** Returns the failure that a caller gets for whom no segment is left. */
  synchronized StoreFullException full() {
    return new StoreFullException(usedBytes(), limitBytes, growthFailure);
  }

  /** Begins a use of a segment that was taken. */
  synchronized void open(Segment segment, int stream, long sequence, long basePosition) {
    SegmentHeader header = newHeader(segment, stream, sequence);
    segment.open(header, basePosition);
    putSeed(segment.number(), header.seed());
    live.open(segment.number());
  }

  private SegmentHeader newHeader(Segment segment, int stream, long sequence) {
    lastGeneration++;
    return new SegmentHeader(
        storeId,
        segment.number(),
        segmentBytes,
        stream,
        lastGeneration,
        ThreadLocalRandom.current().nextLong(),
        sequence);
  }

  /** Ends the filling of a segment. */
  synchronized void seal(Segment segment, SegmentFooter footer) {
    segment.seal(footer);
  }

  /** Returns the header that says that a sealed segment is free. */
  synchronized SegmentHeader freeHeader(Segment segment) {
    assert segment.state() == Segment.State.SEALED : segment.state();
    return newHeader(segment, SegmentHeader.STREAM_FREE, segment.identity().creationSequence());
  }

  /** Ends the use of a segment whose header on stable storage says so. */
  synchronized void free(Segment segment, SegmentHeader header) {
    segment.free(header.generation());
    live.release(segment.number());
    borrowed = Math.max(0, borrowed - 1);
    ready.add(segment);
  }

  /**
   * Takes free segments out whose disk space may go back to the file system: all but some that will
   * be used soon.
   *
   * @param keep how many keep it
   */
  synchronized List<Segment> takeToTrim(int keep) {
    List<Segment> taken = new ArrayList<>();
    while (ready.size() > keep) {
      taken.add(ready.removeLast());
    }
    return taken;
  }

  /** Takes segments back that were trimmed, or could not be. */
  synchronized void putBack(List<Segment> taken, boolean nowTrimmed) {
    for (Segment segment : taken) {
      segment.trimmed(nowTrimmed);
      (nowTrimmed ? trimmed : ready).add(segment);
    }
  }

  /** Returns a segment by its number. */
  synchronized Segment segment(int number) {
    return segments.get(number);
  }

  /** Returns the segment that an offset in the volume lies in. */
  synchronized Segment segmentAt(long fileOffset) {
    return segments.get((int) (fileOffset / segmentBytes));
  }

  /** Returns the segments that hold records, or did before they were damaged, oldest use first. */
  synchronized List<Segment> used() {
    return segments.stream()
        .filter(segment -> segment.state() != Segment.State.FREE)
        .sorted(Comparator.comparingLong(Segment::lastGeneration))
        .toList();
  }

  synchronized long lastGeneration() {
    return lastGeneration;
  }

  synchronized int usedSegments() {
    return segments.size() - freeSegments();
  }

  synchronized int freeSegments() {
    return ready.size() + trimmed.size();
  }

  /** Returns how many segments can be used before {@link #take} refuses an ordinary claim. */
  synchronized long segmentsLeft() {
    long growth = (limitBytes - volumeBytes()) / segmentBytes;
    long all = ahead ? ready.size() : freeSegments() + growth;
    return Math.max(0, all - headroom(Claim.ORDINARY));
  }

  /** Gives free segments their disk space before they are needed, from now on. */
  synchronized void growAhead() {
    ahead = true;
    prepare(headroom(Claim.ORDINARY) + SEGMENTS_AHEAD);
  }

  synchronized boolean growsAhead() {
    return ahead;
  }

  synchronized long usedBytes() {
    return (long) usedSegments() * segmentBytes;
  }

  /** Returns the length of the volume. */
  synchronized long volumeBytes() {
    return (long) segments.size() * segmentBytes;
  }

  /** Returns the disk space of free segments that was given back. */
  synchronized long trimmedBytes() {
    return (long) trimmed.size() * segmentBytes;
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

package dev.emberkv.compaction;

import static dev.emberkv.compaction.RecordFormat.PAGE_BYTES;

import dev.emberkv.index.LiveBitmaps;
import dev.emberkv.uring.DirectFile;
import dev.emberkv.uring.IoBackend;
import dev.emberkv.uring.IoFailure;
import dev.emberkv.uring.IoQueue;
import dev.emberkv.uring.NativeMemory;
import org.jspecify.annotations.Nullable;

/**
 * Reads what cleaning has to look at in a sealed segment: the live data and the control records.
 * Pages with neither are left out, and neighbouring pages are read together.
 *
 * <p>Not thread-safe: owned by the thread that cleans.
 */
final class LiveReader implements AutoCloseable {
  /** Pages between two wanted ones that are read along rather than cut the read in two. */
  private static final int MAX_GAP = 3;

  private static final int DEPTH = 16;
  private static final int GRANULES_PER_PAGE = PAGE_BYTES / RecordFormat.GRANULE_BYTES;

  private final DirectFile file;
  private final LiveBitmaps live;
  private final NativeMemory memory;
  private final int windowPages;
  private final IoQueue queue;
  private final RecordChecksum checksum = new RecordChecksum();
  private @Nullable IoFailure failure;
  private long readBytes;

  LiveReader(IoBackend backend, DirectFile file, LiveBitmaps live, LogOptions options) {
    this.file = file;
    this.live = live;
    this.memory = NativeMemory.reserveSmallPages(memoryBytes(options));
    this.windowPages = options.blockBytes() / PAGE_BYTES;
    this.queue = backend.newQueue(DEPTH, memory);
  }

  static long memoryBytes(LogOptions options) {
    return options.blockBytes();
  }

  /** Returns how many bytes were read so far. */
  long readBytes() {
    return readBytes;
  }

  /**
   * Hands over the live data and the control records of a segment, in their order, but for
   * deletions that never counted. What can't be read the second time either is damaged, and ends
   * the walk: the segment stays, so copies of the rest would only take room.
   *
   * @return whether all of them could be read; the visitor is told of what could not
   * @throws IoFailure when the device fails
   */
  boolean read(Segment sealed, RecordVisitor visitor) {
    return new Walk(sealed, visitor).run();
  }

  private void awaitAll() {
    while (queue.inFlight() > 0) {
      queue.await(queue.inFlight(), this::completed);
    }
    IoFailure met = failure;
    if (met != null) {
      failure = null;
      throw met;
    }
  }

  private void completed(long offset, int result) {
    if (result < 0 && failure == null) {
      failure = new IoFailure("read %s at %d".formatted(file.path(), offset), -result);
    }
  }

  private long address(int window, int page) {
    return memory.address() + (long) (page - window) * PAGE_BYTES;
  }

  @Override
  public void close() {
    queue.close();
    memory.close();
  }

  /** The reading of one segment. */
  private final class Walk {
    private final Segment segment;
    private final RecordVisitor visitor;
    private final int pages;

    /** Where to go on behind a record that reaches out of its window. */
    private int resumeAt;

    private boolean damaged;

    Walk(Segment segment, RecordVisitor visitor) {
      this.segment = segment;
      this.visitor = visitor;
      SegmentFooter footer = segment.footer();
      long end = footer == null ? segment.footerOffset() : footer.dataEndBytes();
      this.pages = (int) Math.min(end, segment.footerOffset()) / PAGE_BYTES;
    }

    boolean run() {
      for (int page = 1; page < pages && !damaged; ) {
        page = readWindow(page, Math.min(pages, page + windowPages));
      }
      return !damaged;
    }

    private boolean isWanted(int page) {
      return segment.contents().isControlPage(page) || hasLive(page);
    }

    private boolean hasLive(int page) {
      int from = page * GRANULES_PER_PAGE;
      return live.anyIn(segment.number(), from, from + GRANULES_PER_PAGE);
    }

    /** Reads and walks over some pages; returns the page to go on with. */
    private int readWindow(int from, int to) {
      boolean[] wanted = new boolean[to - from];
      boolean any = false;
      for (int page = from; page < to; page++) {
        wanted[page - from] = isWanted(page);
        any |= wanted[page - from];
      }
      if (!any) {
        return to;
      }
      for (int page = from; page < to; page++) {
        if (wanted[page - from]) {
          int last = page;
          for (int next = page + 1; next < to && next - last <= MAX_GAP + 1; next++) {
            last = wanted[next - from] ? next : last;
          }
          submit(from, page, last + 1);
          page = last;
        }
      }
      awaitAll();
      for (int page = from; page < to && !damaged; ) {
        page = wanted[page - from] ? walk(page, address(from, page)) : page + 1;
      }
      return Math.max(to, resumeAt);
    }

    private void submit(int window, int from, int to) {
      if (queue.inFlight() == DEPTH) {
        awaitAll();
      }
      int bytes = (to - from) * PAGE_BYTES;
      long offset = segment.fileOffset() + (long) from * PAGE_BYTES;
      queue.read(file, offset, address(window, from), bytes, offset);
      readBytes += bytes;
    }

    /** Walks over one page, or over the record of several that starts there. */
    private int walk(int page, long address) {
      boolean readAgain = false;
      for (int inPage = 0; inPage < PAGE_BYTES; ) {
        int offset = page * PAGE_BYTES + inPage;
        long location = locationOf(offset);
        int stored = RecordCheck.storedBytes(address + inPage, offset, pages * PAGE_BYTES);
        if (stored > PAGE_BYTES && inPage == 0 && handLarge(location, stored)) {
          resumeAt = page + Math.ceilDiv(stored, PAGE_BYTES);
          return resumeAt;
        }
        if (stored >= 0
            && stored <= PAGE_BYTES - inPage
            && isWhole(address + inPage, stored, location)) {
          hand(location, address + inPage);
          inPage += stored;
        } else if (readAgain) {
          report(page, offset);
          return page + 1;
        } else {
          // What was wrong may have been the reading.
          read(page * PAGE_BYTES, address, PAGE_BYTES);
          readAgain = true;
        }
      }
      return page + 1;
    }

    /** Hands over a record of several pages if it is live; false when it is damaged. */
    private boolean handLarge(long location, int stored) {
      if (!live.contains(location)) {
        return true;
      }
      int bytes = (stored + PAGE_BYTES - 1) & -PAGE_BYTES;
      try (NativeMemory record = NativeMemory.reserve(bytes)) {
        read(
            (int) (LogLocation.fileOffset(location) - segment.fileOffset()),
            record.address(),
            bytes);
        boolean whole = isWhole(record.address(), stored, location);
        if (whole) {
          hand(location, record.address());
        }
        return whole;
      }
    }

    private boolean isWhole(long address, int stored, long location) {
      return RecordCheck.isWhole(address, stored, segment.identity().seed(), location, checksum);
    }

    private void read(int offset, long address, int bytes) {
      queue.read(file, segment.fileOffset() + offset, address, bytes, offset);
      readBytes += bytes;
      awaitAll();
    }

    private void hand(long location, long address) {
      int kind = RecordFormat.kind(address);
      int offset = (int) (LogLocation.fileOffset(location) - segment.fileOffset());
      boolean wanted =
          SegmentContents.isData(kind)
              ? live.contains(location)
              : segment.contents().counts(offset);
      if (kind == RecordFormat.PAD || !wanted) {
        return;
      }
      visitor.record(
          location,
          kind,
          RecordFormat.table(address),
          RecordFormat.key(address),
          RecordFormat.sequence(address),
          RecordFormat.timeSeconds(address),
          RecordFormat.payload(address),
          RecordFormat.payloadBytes(address));
    }

    /** Reports damage, unless nothing there is wanted any more: a record may die meanwhile. */
    private void report(int page, int offset) {
      if (isWanted(page)) {
        damaged = true;
        visitor.corrupt(
            segment.number(), offset, RecordCheck.expected(segment.identity().generation()));
      }
    }

    private long locationOf(int offset) {
      return LogLocation.ofFileOffset(segment.fileOffset() + offset);
    }
  }
}

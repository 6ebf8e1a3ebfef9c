package dev.emberkv.compaction;

import static dev.emberkv.compaction.RecordFormat.PAGE_BYTES;

import dev.emberkv.uring.IoFailure;
import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The appending side of the log: lays records into write buffers, page by page, and rolls from one
 * segment to the next.
 *
 * <p>Where records lie: one that fits in a page never straddles two. A larger one starts at a page
 * and the next record starts at a fresh page behind it. What is left of a page is padded with a
 * record of its own, so that each byte of each written page is covered by a checksum. A page that
 * was handed over is never written again.
 *
 * <p>When a segment is sealed, its footer is handed over, and the first page of the next segment
 * waits behind a barrier until all of that is on stable storage. So only the newest segment can
 * have a torn tail.
 *
 * <p>Thread-safe: one lock guards everything here, the {@link SegmentTable}, the filling side of
 * the {@link BlockPool} and the bookkeeping of the {@link BlockWriter}. No I/O is done under it but
 * growing the volume, once per segment. Waiting for a free buffer releases it.
 */
final class SegmentWriter {
  private final LogOptions options;
  private final SegmentTable table;
  private final BlockPool pool;
  private final BlockWriter writer;
  private final ReentrantLock lock;
  private final Condition progress;
  private final RecordChecksum checksum = new RecordChecksum();

  private @Nullable Segment segment;
  private @Nullable BlockBuffer block;
  private long seed;

  /** Position of the open segment's first byte; see {@link BlockWriter}. */
  private long basePosition;

  /** Position behind the last page that was handed over. */
  private long handedPosition;

  /** Where in the open segment the next record goes. */
  private int offset;

  /** Whether the open segment is the reserve, which is for deletes. */
  private boolean inReserve;

  /** Whether a record that takes several buffers is under way; all others wait. */
  private boolean exclusive;

  /** Where that record starts. */
  private long exclusivePosition;

  private boolean closed;
  private long segmentRecords;
  private long lastSequence;
  private long records;
  private long userBytes;

  SegmentWriter(
      LogOptions options,
      SegmentTable table,
      BlockPool pool,
      BlockWriter writer,
      ReentrantLock lock,
      Condition progress) {
    this.options = options;
    this.table = table;
    this.pool = pool;
    this.writer = writer;
    this.lock = lock;
    this.progress = progress;
  }

  /** Goes on in the open segment of an existing volume, behind its tail. */
  void resume(Segment open, LogTail tail) {
    assert tail.endOffset() % PAGE_BYTES == 0;
    segment = open;
    seed = open.identity().seed();
    offset = tail.endOffset();
    handedPosition = offset;
    segmentRecords = tail.records();
    lastSequence = tail.lastSequence();
    inReserve = !table.hasReserve();
  }

  /** Sets the highest sequence that sealed segments hold, when there is no open one. */
  void startAfter(long sequence) {
    lastSequence = sequence;
  }

  /** Returns the position behind the last record. */
  long position() {
    return basePosition + offset;
  }

  /** Appends a record; see {@link SegmentedLog#append}. */
  long append(
      int kind,
      int tableId,
      long key,
      long sequence,
      int timeSeconds,
      MemorySegment payload,
      long payloadOffset,
      int payloadBytes) {
    int stored = RecordFormat.storedBytes(payloadBytes);
    boolean urgent = kind == RecordFormat.TOMBSTONE || kind == RecordFormat.DROP;
    lock.lock();
    try {
      if (stored > options.blockBytes()) {
        return appendLarge(
            kind, tableId, key, sequence, timeSeconds, payload, payloadOffset, payloadBytes);
      }
      BlockBuffer target = makeRoom(stored, urgent);
      Segment open = openSegment();
      long fileOffset = open.fileOffset() + offset;
      long address = target.addressOf(fileOffset);
      long end = address + stored;
      RawMemory.putLong(end - Long.BYTES, 0);
      RawMemory.putLong(end - 2 * Long.BYTES, 0);
      RawMemory.putLong(end - 3 * Long.BYTES, 0);
      RawMemory.putLong(end - 4 * Long.BYTES, 0);
      RecordFormat.putHeader(address, kind, tableId, key, sequence, timeSeconds, payloadBytes);
      RawMemory.copy(payload, payloadOffset, RecordFormat.payload(address), payloadBytes);
      long location = LogLocation.ofFileOffset(fileOffset);
      RecordFormat.putChecksum(
          address, checksum.ofRecord(address, stored, RecordChecksum.mask(seed, location)));
      offset += stored;
      if (stored > PAGE_BYTES) {
        padPage(target);
      }
      target.publish(fileOffset());
      count(sequence, payloadBytes);
      return location;
    } finally {
      lock.unlock();
    }
  }

  private void count(long sequence, int payloadBytes) {
    if (Long.compareUnsigned(sequence, lastSequence) > 0) {
      lastSequence = sequence;
    }
    segmentRecords++;
    records++;
    userBytes += RecordFormat.HEADER_BYTES + payloadBytes;
  }

  /** Appends a record that takes several buffers, and returns when it is on the device. */
  private long appendLarge(
      int kind,
      int tableId,
      long key,
      long sequence,
      int timeSeconds,
      MemorySegment payload,
      long payloadOffset,
      int payloadBytes) {
    int stored = RecordFormat.storedBytes(payloadBytes);
    makeRoom(PAGE_BYTES, stored, false);
    exclusive = true;
    exclusivePosition = position();
    try {
      Segment open = openSegment();
      long location = LogLocation.ofFileOffset(open.fileOffset() + offset);
      LargeRecord record = new LargeRecord(pool, payload, payloadOffset, payloadBytes);
      record.header(kind, tableId, key, sequence, timeSeconds);
      record.putChecksum(checksum, RecordChecksum.mask(seed, location));
      for (int done = 0; done < stored; ) {
        BlockBuffer target = blockWithRoom();
        long fileOffset = open.fileOffset() + offset;
        int piece = (int) Math.min(stored - done, target.limitFileOffset() - fileOffset);
        record.copy(done, target.addressOf(fileOffset), piece);
        offset += piece;
        done += piece;
        padPage(target);
        target.publish(fileOffset());
        handOverPages(target);
      }
      count(sequence, payloadBytes);
      long end = position();
      while (writer.written() < end) {
        await();
      }
      return location;
    } finally {
      exclusive = false;
      progress.signalAll();
    }
  }

  /** Returns the open segment's current buffer, with room for one page at least. */
  private BlockBuffer blockWithRoom() {
    while (true) {
      checkFailure();
      BlockBuffer current = block;
      if (current != null) {
        return current;
      }
      if (!takeBlock()) {
        await();
      }
    }
  }

  private BlockBuffer makeRoom(int stored, boolean urgent) {
    return makeRoom(stored, stored, urgent);
  }

  /**
   * Moves on to where a record may lie: a page, a buffer and a segment with room for it.
   *
   * @param inBlock how much of the record must fit in one buffer
   * @param inSegment how much must fit in one segment
   */
  private BlockBuffer makeRoom(int inBlock, int inSegment, boolean urgent) {
    while (true) {
      checkOpen();
      if (exclusive) {
        await();
        continue;
      }
      int inPage = offset & (PAGE_BYTES - 1);
      int start = inSegment <= PAGE_BYTES - inPage ? offset : ceilPage(offset);
      if (segment == null || start + inSegment > segment.footerOffset()) {
        roll(urgent);
        continue;
      }
      if (inReserve && !urgent) {
        inReserve = !table.hasReserve();
        if (inReserve) {
          throw table.full();
        }
      }
      BlockBuffer current = block;
      if (current == null) {
        if (!takeBlock()) {
          await();
        }
        continue;
      }
      if (start != offset) {
        padPage(current);
        if (fileOffset() == current.limitFileOffset()) {
          retire(current);
        }
        continue;
      }
      if (segment.fileOffset() + start + inBlock > current.limitFileOffset()) {
        retire(current);
        continue;
      }
      return current;
    }
  }

  private static int ceilPage(int bytes) {
    return (bytes + PAGE_BYTES - 1) & -PAGE_BYTES;
  }

  /** Returns where in the volume the next record goes. */
  private long fileOffset() {
    return openSegment().fileOffset() + offset;
  }

  private Segment openSegment() {
    Segment open = segment;
    if (open == null) {
      throw new IllegalStateException("no segment is open");
    }
    return open;
  }

  /** Takes a buffer for the open segment's next pages; false when none is free. */
  private boolean takeBlock() {
    BlockBuffer taken = pool.take();
    if (taken == null) {
      return false;
    }
    Segment open = openSegment();
    taken.map(open.fileOffset() + offset);
    block = taken;
    if (offset == 0) {
      SegmentFooter.open(open.identity()).write(taken.openingPage());
      taken.handOverSpare();
      writer.handOver(
          taken,
          open.fileOffset() + open.footerOffset(),
          taken.openingPage(),
          PAGE_BYTES,
          basePosition,
          true);
      open.identity().write(taken.addressOf(open.fileOffset()));
      offset = Segment.DATA_START;
    }
    return true;
  }

  /** Fills the rest of the current page; nothing to do at a page's start. */
  private void padPage(BlockBuffer current) {
    int rest = ceilPage(offset) - offset;
    if (rest == 0) {
      return;
    }
    long fileOffset = openSegment().fileOffset() + offset;
    long syncedOffset = Math.max(0, writer.synced() - basePosition);
    PadRecord.write(
        current.addressOf(fileOffset),
        rest,
        syncedOffset,
        checksum,
        RecordChecksum.mask(seed, LogLocation.ofFileOffset(fileOffset)));
    offset += rest;
  }

  /** Hands over the pages of the current buffer, which are whole, and drops it if it is full. */
  private void handOverPages(BlockBuffer current) {
    if (fileOffset() == current.limitFileOffset()) {
      retire(current);
    } else {
      handOver(current);
    }
  }

  private void handOver(BlockBuffer current) {
    long from = current.handedFileOffset();
    long to = fileOffset();
    assert to % PAGE_BYTES == 0;
    if (to > from) {
      current.handOver(to);
      handedPosition = position();
      writer.handOver(
          current, from, current.addressOf(from), (int) (to - from), handedPosition, false);
    }
  }

  /** Closes the current page, hands over what is left of the current buffer and drops it. */
  private void retire(BlockBuffer current) {
    padPage(current);
    current.retire();
    handOver(current);
    if (current.idle()) {
      pool.give(current);
    }
    block = null;
  }

  /** Seals the open segment, if there is one, and opens the next; may wait instead. */
  private void roll(boolean urgent) {
    Segment next = table.next(urgent);
    Segment last = segment;
    if (last != null) {
      BlockBuffer current = block;
      if (current == null) {
        current = pool.take();
        if (current == null) {
          await();
          return;
        }
        current.map(last.fileOffset() + offset);
      }
      seal(last, current);
      basePosition += options.segmentBytes();
    }
    table.open(next, lastSequence, basePosition);
    segment = next;
    seed = next.identity().seed();
    offset = 0;
    segmentRecords = 0;
    inReserve = !table.hasReserve();
  }

  private void seal(Segment last, BlockBuffer current) {
    padPage(current);
    SegmentFooter footer = new SegmentFooter(last.identity(), offset, segmentRecords, lastSequence);
    footer.write(current.sealingPage());
    current.retire();
    current.handOverSpare();
    handOver(current);
    writer.handOver(
        current,
        last.fileOffset() + last.footerOffset(),
        current.sealingPage(),
        PAGE_BYTES,
        basePosition + options.segmentBytes(),
        false);
    block = null;
    last.seal(footer);
  }

  /** Makes everything appended before durable; see {@link SegmentedLog#flush}. */
  void flush() {
    lock.lock();
    try {
      checkClosed();
      while (exclusive) {
        await();
      }
      flushTo(position());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until everything before a position is durable. While a sync is under way the current page
   * stays open, so that all who wait behind it share the next page and the next sync.
   */
  private void flushTo(long target) {
    while (writer.synced() < target) {
      checkFailure();
      if (handedPosition < target && !writer.syncing()) {
        closePage();
      }
      writer.requestSync(target);
      writer.awaitSync();
    }
    checkFailure();
  }

  private void closePage() {
    BlockBuffer current = block;
    if (current != null) {
      padPage(current);
      handOverPages(current);
    }
  }

  /**
   * Ends appending: flushes, and if anything was appended adds a page that says so, by which the
   * next start knows that nothing before it is a torn tail.
   */
  void close() {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      while (exclusive) {
        await();
      }
      closed = true;
      flushTo(position());
      Segment open = segment;
      if (records > 0 && open != null && offset < open.footerOffset()) {
        BlockBuffer current = blockWithRoom();
        PadRecord.write(
            current.addressOf(open.fileOffset() + offset),
            PAGE_BYTES,
            offset,
            checksum,
            RecordChecksum.mask(seed, LogLocation.ofFileOffset(open.fileOffset() + offset)));
        offset += PAGE_BYTES;
        handOverPages(current);
        flushTo(position());
      }
    } finally {
      lock.unlock();
    }
  }

  /** Returns what of each used segment is on the device now, oldest use first. */
  List<ScanRange> scanRanges() {
    lock.lock();
    try {
      long written = writer.written();
      if (exclusive) {
        written = Math.min(written, exclusivePosition);
      }
      List<ScanRange> ranges = new ArrayList<>();
      for (Segment used : table.used()) {
        ranges.add(ScanRange.of(used, written - used.basePosition()));
      }
      return ranges;
    } finally {
      lock.unlock();
    }
  }

  /** Returns the counters. */
  LogStats stats() {
    lock.lock();
    try {
      return new LogStats(
          records,
          userBytes,
          writer.bytesWritten(),
          writer.syncs(),
          table.usedSegments(),
          table.freeSegments(),
          table.usedBytes(),
          table.volumeBytes(),
          table.limitBytes());
    } finally {
      lock.unlock();
    }
  }

  /** Waits for any progress of the device; callers look again at what they wait for. */
  @SuppressWarnings("WaitNotInLoop") // the loops are in the callers
  private void await() {
    checkFailure();
    progress.awaitUninterruptibly();
    checkFailure();
  }

  private void checkOpen() {
    checkClosed();
    checkFailure();
  }

  private void checkClosed() {
    if (closed) {
      throw new IllegalStateException("the log is closed");
    }
  }

  private void checkFailure() {
    IoFailure failure = writer.failure();
    if (failure != null) {
      throw new IoFailure("the log is read-only since an earlier failure", failure);
    }
  }
}

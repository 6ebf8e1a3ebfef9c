package dev.emberkv.compaction;

import static dev.emberkv.compaction.RecordFormat.PAGE_BYTES;

import dev.emberkv.index.LiveBitmaps;
import dev.emberkv.uring.IoFailure;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The appending side of the log: lays records into write buffers and rolls from one segment to the
 * next, for one stream. A page that was handed over is never written again.
 *
 * <p>When a segment is sealed, its footer is handed over, and the first page of the next segment
 * waits behind a barrier until all of that is on stable storage. So only the newest segment of a
 * stream can have a torn tail.
 *
 * <p>Thread-safe: one lock guards everything here, the {@link OpenSegment}, the filling side of the
 * {@link BlockPool} and the bookkeeping of the {@link BlockWriter}. No I/O is done under it but
 * growing the volume, once per segment. Waiting for a free buffer releases it.
 */
final class SegmentWriter {
  /**
   * From how many bytes on pages go to the device before their buffer is full: while the rest of a
   * batch is laid out, the device writes its beginning.
   */
  private static final int EARLY_BYTES = 128 << 10;

  /** The same while a sync is under way and somebody waits for the next one. */
  private static final int SYNCING_BYTES = 16 << 10;

  /** How often an appender tries to take the lock before it sleeps. */
  private static final int SPINS = 500;

  private final LogOptions options;
  private final SegmentTable table;
  private final BlockPool pool;
  private final BlockWriter writer;
  private final LogHealth health;
  private final int stream;
  private final LiveBitmaps live;
  private final ReentrantLock lock;
  private final Condition progress;
  private final RecordChecksum checksum = new RecordChecksum();

  private @Nullable OpenSegment open;

  /** The buffer that the open segment's next records go to. */
  private @Nullable BlockBuffer block;

  /** Position behind the last page that was handed over. */
  private long handedPosition;

  /** Whether the open segment is one that was held back, and not for rows. */
  private boolean inReserve;

  /** Whether a record that takes several buffers is under way; all others wait. */
  private boolean exclusive;

  /** Where that record starts. */
  private long exclusivePosition;

  private boolean closed;
  private long lastSequence;
  private long records;
  private long userBytes;

  SegmentWriter(
      LogOptions options,
      int stream,
      SegmentTable table,
      LiveBitmaps live,
      BlockPool pool,
      BlockWriter writer,
      LogHealth health,
      ReentrantLock lock,
      Condition progress) {
    this.options = options;
    this.stream = stream;
    this.table = table;
    this.live = live;
    this.pool = pool;
    this.writer = writer;
    this.health = health;
    this.lock = lock;
    this.progress = progress;
  }

  /** Goes on in the open segment of an existing volume, behind its tail. */
  void resume(Segment segment, LogTail tail) {
    open = new OpenSegment(segment, checksum, live, tail);
    handedPosition = position();
    lastSequence = tail.lastSequence();
    inReserve = !table.hasRoom();
  }

  /** Sets the highest sequence that sealed segments hold, when there is no open one. */
  void startAfter(long sequence) {
    lastSequence = sequence;
  }

  /** Returns the position behind the last record. */
  long position() {
    return open == null ? 0 : open.position();
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
    acquire();
    try {
      return appendLocked(
          kind, tableId, key, sequence, timeSeconds, payload, payloadOffset, payloadBytes);
    } finally {
      lock.unlock();
    }
  }

  /** Appends some records in one go; see {@link SegmentedLog#appendAll}. */
  void appendAll(
      int kind,
      int tableId,
      long[] keys,
      long sequence,
      int timeSeconds,
      MemorySegment payloads,
      long[] payloadOffsets,
      int payloadBytes,
      int count,
      long[] locations) {
    acquire();
    try {
      for (int i = 0; i < count; i++) {
        locations[i] =
            appendLocked(
                kind,
                tableId,
                keys[i],
                sequence,
                timeSeconds,
                payloads,
                payloadOffsets[i],
                payloadBytes);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Takes the lock, which is held for a short time only: to sleep would take longer. */
  private void acquire() {
    for (int i = 0; i < SPINS; i++) {
      if (lock.tryLock()) {
        return;
      }
      Thread.onSpinWait();
    }
    lock.lock();
  }

  private long appendLocked(
      int kind,
      int tableId,
      long key,
      long sequence,
      int timeSeconds,
      MemorySegment payload,
      long payloadOffset,
      int payloadBytes) {
    int stored = RecordFormat.storedBytes(payloadBytes);
    Claim claim =
        stream == SegmentHeader.STREAM_MAIN
            ? Claim.of(kind & ~RecordFormat.COMMITTED)
            : Claim.CLEANING;
    long location;
    if (stored <= options.blockBytes()) {
      BlockBuffer target = makeRoom(stored, stored, claim);
      OpenSegment segment = openSegment();
      location = segment.location();
      segment.put(
          target, kind, tableId, key, sequence, timeSeconds, payload, payloadOffset, payloadBytes);
      if (stored > PAGE_BYTES) {
        segment.padPage(target, writer.synced());
      }
      target.publish(segment.fileOffset());
      handOverFrom(EARLY_BYTES, target);
    } else {
      makeRoom(PAGE_BYTES, stored, claim);
      LargeRecord record = new LargeRecord(pool, payload, payloadOffset, payloadBytes);
      record.header(kind, tableId, key, sequence, timeSeconds);
      location = appendLarge(record);
    }
    if (Long.compareUnsigned(sequence, lastSequence) > 0) {
      lastSequence = sequence;
    }
    records++;
    userBytes += RecordFormat.HEADER_BYTES + payloadBytes;
    return location;
  }

  /** Appends a record that takes several buffers, and returns when it is on the device. */
  private long appendLarge(LargeRecord record) {
    OpenSegment segment = openSegment();
    long location = segment.location();
    record.putChecksum(checksum, segment.mask());
    exclusive = true;
    exclusivePosition = position();
    try {
      for (int done = 0; done < record.storedBytes(); ) {
        BlockBuffer target = waitForBlock();
        done = segment.putPiece(target, record, done, writer.synced());
        target.publish(segment.fileOffset());
        handOverPages(target);
      }
      while (writer.written() < position()) {
        await();
      }
    } catch (RuntimeException | Error e) {
      // Half a record is in the segment: to go on behind it would lose what follows.
      writer.fail(new IoFailure("a record of several buffers was broken off", e));
      throw e;
    } finally {
      exclusive = false;
      progress.signalAll();
    }
    return location;
  }

  /**
   * Moves on to where a record may lie: a page, a buffer and a segment with room for it.
   *
   * @param inBlock how much of the record must fit in one buffer
   * @param inSegment how much must fit in one segment
   */
  private BlockBuffer makeRoom(int inBlock, int inSegment, Claim claim) {
    while (true) {
      checkOpen();
      OpenSegment segment = open;
      BlockBuffer current = block;
      if (exclusive) {
        await();
      } else if (segment == null || !segment.fits(inSegment)) {
        roll(claim);
      } else if (inReserve && claim == Claim.ORDINARY) {
        inReserve = !table.hasRoom();
        if (inReserve) {
          throw table.full();
        }
      } else if (current == null) {
        if (!takeBlock(segment)) {
          await();
        }
      } else if (!segment.startsHere(inSegment)) {
        segment.padPage(current, writer.synced());
        retireIfFull(current);
      } else if (segment.fileOffset() + inBlock > current.limitFileOffset()) {
        retire(current);
      } else {
        return current;
      }
    }
  }

  private OpenSegment openSegment() {
    OpenSegment segment = open;
    if (segment == null) {
      throw new IllegalStateException("no segment is open");
    }
    return segment;
  }

  /** Returns the current buffer, with room for a page at least. */
  private BlockBuffer waitForBlock() {
    while (true) {
      checkFailure();
      BlockBuffer current = block;
      if (current != null) {
        return current;
      }
      if (!takeBlock(openSegment())) {
        await();
      }
    }
  }

  /** Takes a buffer for the segment's next pages; false when none is free. */
  private boolean takeBlock(OpenSegment segment) {
    BlockBuffer taken = pool.take();
    if (taken == null) {
      return false;
    }
    taken.map(segment.fileOffset());
    block = taken;
    if (segment.untouched()) {
      long start = segment.position();
      segment.putHeader(taken);
      taken.handOverSpare();
      writer.handOver(
          taken, segment.footerFileOffset(), taken.openingPage(), PAGE_BYTES, start, true);
    }
    return true;
  }

  /** Hands over the pages of the current buffer, which are whole, and drops it if it is full. */
  private void handOverPages(BlockBuffer current) {
    handOver(current);
    retireIfFull(current);
  }

  /** Hands over the whole pages of the current buffer when they are at least so many bytes. */
  private void handOverFrom(int leastBytes, BlockBuffer current) {
    if (openSegment().fileOffset() - current.handedFileOffset() >= leastBytes) {
      handOver(current);
    }
  }

  /** Hands over the whole pages of the current buffer. */
  private void handOver(BlockBuffer current) {
    long from = current.handedFileOffset();
    long end = openSegment().fileOffset();
    long to = end & -PAGE_BYTES;
    if (to > from) {
      current.handOver(to);
      handedPosition = position() - (end - to);
      writer.handOver(
          current, from, current.addressOf(from), (int) (to - from), handedPosition, false);
    }
  }

  private void retireIfFull(BlockBuffer current) {
    if (openSegment().fileOffset() == current.limitFileOffset()) {
      retire(current);
    }
  }

  /** Closes the current page, hands over what is left of the current buffer and drops it. */
  private void retire(BlockBuffer current) {
    openSegment().padPage(current, writer.synced());
    current.retire();
    handOver(current);
    if (current.idle()) {
      pool.give(current);
    }
    block = null;
  }

  /** Seals the open segment, if there is one, and opens the next; may wait instead. */
  private void roll(Claim claim) {
    OpenSegment last = open;
    BlockBuffer current = block;
    if (last != null && current == null) {
      current = pool.take();
      if (current == null) {
        await();
        return;
      }
      current.map(last.fileOffset());
      block = current;
    }
    Segment next = table.take(claim);
    long basePosition = 0;
    if (last != null && current != null) {
      seal(last, current);
      basePosition = last.endPosition();
    }
    table.open(next, stream, lastSequence, basePosition);
    open = new OpenSegment(next, checksum, live);
    inReserve = !table.hasRoom();
  }

  private void seal(OpenSegment last, BlockBuffer current) {
    last.padPage(current, writer.synced());
    table.seal(last.segment(), last.putFooter(current, lastSequence));
    current.retire();
    current.handOverSpare();
    handOver(current);
    writer.handOver(
        current,
        last.footerFileOffset(),
        current.sealingPage(),
        PAGE_BYTES,
        last.endPosition(),
        false);
    block = null;
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
      if (handedPosition < target) {
        handOverWhatIs();
      }
      writer.requestSync(target);
      writer.awaitSync();
    }
    checkFailure();
  }

  private void handOverWhatIs() {
    BlockBuffer current = block;
    if (current != null && writer.syncing()) {
      handOverFrom(SYNCING_BYTES, current);
    } else if (current != null) {
      openSegment().padPage(current, writer.synced());
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
      OpenSegment segment = open;
      if (records > 0 && segment != null && !segment.full()) {
        BlockBuffer current = waitForBlock();
        segment.putClosingPage(current);
        handOverPages(current);
        flushTo(position());
      }
    } finally {
      lock.unlock();
    }
  }

  /** Returns what of some segments of this stream is on the device now. */
  List<ScanRange> scanRanges(List<Segment> used) {
    lock.lock();
    try {
      long written = writer.written();
      if (exclusive) {
        written = Math.min(written, exclusivePosition);
      }
      List<ScanRange> ranges = new ArrayList<>();
      for (Segment segment : used) {
        ranges.add(ScanRange.of(segment, written - segment.basePosition()));
      }
      return ranges;
    } finally {
      lock.unlock();
    }
  }

  /** Returns whether a sealed segment of this stream is on stable storage, footer and all. */
  boolean isDurable(Segment segment) {
    lock.lock();
    try {
      return writer.synced() >= segment.basePosition() + options.segmentBytes();
    } finally {
      lock.unlock();
    }
  }

  /** Returns how many bytes records can take before the open segment is full. */
  int bytesLeft() {
    lock.lock();
    try {
      return open == null || inReserve ? 0 : open.bytesLeft();
    } finally {
      lock.unlock();
    }
  }

  /** What was appended and written. */
  record Counts(long records, long recordBytes, long bytesWritten, long syncs) {}

  /** Returns what this stream did since the log was opened. */
  Counts counts() {
    lock.lock();
    try {
      return new Counts(records, userBytes, writer.bytesWritten(), writer.syncs());
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
    health.check();
  }
}

package dev.emberkv.engine;

import dev.emberkv.compaction.CorruptionException;
import dev.emberkv.compaction.RecordFormat;
import dev.emberkv.compaction.SegmentedLog;
import dev.emberkv.uring.BufferPool;
import dev.emberkv.uring.IoFailure;
import dev.emberkv.uring.IoQueue;
import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.QueuePool;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a batch of log records: sorted by page, one read a page however many of its records are
 * wanted, as many reads in flight as the queue takes.
 *
 * <p>{@link #run} does all of it. Who has other work calls {@link #begin} instead, {@link #start}
 * after adding records, {@link #poll} now and then, and {@link #finish} in the end; pages are read
 * once for all records that were added before the same start.
 *
 * <p>A record that is damaged is read once more before it is taken for that: what the device, a bus
 * or memory has garbled on the way may be intact where it lies.
 *
 * <p>Not thread-safe; it has a queue of the store's pool to itself until it is closed.
 */
final class RecordReader implements AutoCloseable {
  private static final Logger LOGGER = LoggerFactory.getLogger(RecordReader.class);

  /** The most records of one batch. */
  static final int MAX_BATCH = 1 << 24;

  private static final int PAGE_BYTES = RecordFormat.PAGE_BYTES;
  private static final int ORDINAL_BITS = 24;
  private static final long ORDINAL_MASK = MAX_BATCH - 1L;

  /** How much memory a batch of records that span pages takes beside the pool's buffers. */
  private static final long WIDE_BYTES = 4L << 20;

  private final SegmentedLog log;
  private final QueuePool.Lease lease;
  private final IoQueue queue;

  /** Location and ordinal of each record, so that sorting the numbers sorts by location. */
  private long[] wanted = new long[64];

  private int count;

  /** The first record whose read has not been started. */
  private int next;

  private RecordConsumer consumer = (ordinal, location, address, payloadBytes) -> {};
  private @Nullable RuntimeException failure;

  /**
   * Record and length of those that are read again: longer than expected, or damaged, of which the
   * length is negative.
   */
  private long[] again = {};

  private int againCount;

  private int spanBytes;
  private @Nullable NativeMemory wideMemory;
  private long[] frames = {};
  private int[] freeFrames = {};
  private int freeCount;
  private int[] groupStart = {};
  private int[] groupEnd = {};

  RecordReader(SegmentedLog log, QueuePool.Lease lease) {
    this.log = log;
    this.lease = lease;
    this.queue = lease.queue();
  }

  /** Adds a record to the batch; the ordinal, below {@link #MAX_BATCH}, comes back with it. */
  void add(long location, int ordinal) {
    if (count == wanted.length) {
      wanted = Arrays.copyOf(wanted, count * 2);
    }
    wanted[count++] = location << ORDINAL_BITS | ordinal;
  }

  /**
   * Reads the batch. Every record is handed over but those that could not be read; the first of
   * these failures is thrown in the end.
   *
   * @param recordBytes the expected length of the records; a longer one takes a second read
   * @throws IoFailure when the device failed
   * @throws dev.emberkv.compaction.CorruptionException when a record is damaged
   */
  void run(int recordBytes, RecordConsumer taker) {
    begin(recordBytes, taker);
    finish();
  }

  /**
   * Prepares for reading.
   *
   * @param recordBytes the expected length of the records; a longer one takes a second read
   * @param taker is handed the records, inside of {@link #start}, {@link #poll} and {@link #finish}
   */
  void begin(int recordBytes, RecordConsumer taker) {
    consumer = taker;
    spanBytes = Math.ceilDiv(recordBytes, PAGE_BYTES) * PAGE_BYTES;
    if (spanBytes == PAGE_BYTES) {
      usePooledFrames();
    } else {
      wideMemory = NativeMemory.reserve(Math.max(WIDE_BYTES, spanBytes));
      useFramesOf(wideMemory);
    }
  }

  /** Hands as many reads of what was added to the device as it takes, without waiting. */
  void start() {
    Arrays.sort(wanted, next, count);
    startGroups();
    queue.submit();
  }

  /** Takes what has arrived and starts more reads, without waiting. */
  void poll() {
    if (queue.inFlight() > 0) {
      queue.await(0, this::finishGroup);
      startGroups();
      queue.submit();
    }
  }

  /**
   * Reads all that is left. Every record of the batch has been handed over then but those that
   * could not be read; the first of these failures is thrown.
   *
   * @throws IoFailure when the device failed
   * @throws dev.emberkv.compaction.CorruptionException when a record is damaged
   */
  void finish() {
    Arrays.sort(wanted, next, count);
    startGroups();
    while (queue.inFlight() > 0) {
      queue.await(1, this::finishGroup);
      startGroups();
    }
    for (int i = 0; i < againCount; i++) {
      readAgain((int) (again[i] >>> Integer.SIZE), Math.abs((int) again[i]), (int) again[i] < 0);
    }
    if (failure != null) {
      throw failure;
    }
  }

  private void usePooledFrames() {
    BufferPool pool = lease.buffers();
    layOut(Math.min(queue.depth(), pool.available()));
    for (int i = 0; i < frames.length; i++) {
      frames[i] = pool.acquire();
    }
  }

  private void useFramesOf(NativeMemory memory) {
    layOut((int) Math.min(queue.depth(), memory.sizeBytes() / spanBytes));
    for (int i = 0; i < frames.length; i++) {
      frames[i] = memory.address() + (long) i * spanBytes;
    }
  }

  private void layOut(int frameCount) {
    frames = new long[frameCount];
    groupStart = new int[frameCount];
    groupEnd = new int[frameCount];
    freeFrames = new int[frameCount];
    freeCount = frameCount;
    for (int i = 0; i < frameCount; i++) {
      freeFrames[i] = i;
    }
  }

  private void startGroups() {
    while (next < count && freeCount > 0) {
      next = startGroup(next);
    }
  }

  /** Starts the read of the page of record {@code from}; returns the first record behind it. */
  private int startGroup(int from) {
    long location = location(from);
    if (log.isBuffered(location) && takeBuffered(from, location)) {
      return from + 1;
    }
    long page = log.fileOffset(location);
    int to = from + 1;
    while (to < count && log.fileOffset(location(to)) == page) {
      to++;
    }
    int frame = freeFrames[--freeCount];
    groupStart[frame] = from;
    groupEnd[frame] = to;
    queue.read(log.file(location), page, frames[frame], spanBytes, frame);
    return to;
  }

  /** Serves a record from the log's write buffers; false when it has left them. */
  private boolean takeBuffered(int i, long location) {
    long frame = frames[freeFrames[freeCount - 1]];
    if (!log.readBuffered(location, frame, spanBytes)) {
      return false;
    }
    hand(i, frame, spanBytes);
    return true;
  }

  private void finishGroup(long frame, int result) {
    int group = (int) frame;
    long first = location(groupStart[group]);
    if (result < 0) {
      fail(new IoFailure(readOf(first), -result));
    } else {
      for (int i = groupStart[group]; i < groupEnd[group]; i++) {
        int offset = log.offsetInPage(location(i));
        hand(i, frames[group] + offset, result - offset);
      }
    }
    freeFrames[freeCount++] = group;
  }

  private String readOf(long location) {
    return "read %s at %d".formatted(log.file(location).path(), log.fileOffset(location));
  }

  private void hand(int i, long address, int availableBytes) {
    try {
      int length = log.verify(address, location(i), availableBytes);
      if (length < 0) {
        addAgain(i, -length);
      } else {
        accept(i, address, length);
      }
    } catch (CorruptionException e) {
      addAgain(i, -spanBytes);
    } catch (RuntimeException e) {
      fail(e);
    }
  }

  private void handDamaged(int i, long address, CorruptionException damage) {
    try {
      consumer.damaged((int) (wanted[i] & ORDINAL_MASK), location(i), address, damage);
    } catch (RuntimeException e) {
      fail(e);
    }
  }

  private void addAgain(int i, int bytes) {
    if (againCount == again.length) {
      again = Arrays.copyOf(again, Math.max(8, againCount * 2));
    }
    again[againCount++] = (long) i << Integer.SIZE | Integer.toUnsignedLong(bytes);
  }

  private void accept(int i, long address, int length) {
    int ordinal = (int) (wanted[i] & ORDINAL_MASK);
    consumer.accept(ordinal, location(i), address, length - Slot.HEADER_BYTES);
  }

  /** Reads one record again. */
  private void readAgain(int i, int neededBytes, boolean wasDamaged) {
    long location = location(i);
    int bytes = Math.ceilDiv(neededBytes, PAGE_BYTES) * PAGE_BYTES;
    try (NativeMemory memory = NativeMemory.reserve(bytes)) {
      long address = memory.address();
      int offset = 0;
      if (!log.readBuffered(location, address, bytes)) {
        int[] result = new int[1];
        queue.read(log.file(location), log.fileOffset(location), address, bytes, i);
        queue.await(1, (userData, moved) -> result[0] = moved);
        if (result[0] < 0) {
          throw new IoFailure(readOf(location), -result[0]);
        }
        offset = log.offsetInPage(location);
      }
      verifyAgain(i, address + offset, bytes - offset, neededBytes, wasDamaged);
    } catch (RuntimeException e) {
      fail(e);
    }
  }

  private void verifyAgain(
      int i, long address, int availableBytes, int neededBytes, boolean wasDamaged) {
    int length;
    try {
      length = log.verify(address, location(i), availableBytes);
    } catch (CorruptionException e) {
      handDamaged(i, address, e);
      return;
    }
    if (length >= 0) {
      if (wasDamaged) {
        LOGGER.warn(
            "A record was damaged at the first {} and is intact at the second",
            readOf(location(i)));
      }
      accept(i, address, length);
    } else if (wasDamaged) {
      readAgain(i, -length, false);
    } else {
      throw new IllegalStateException(
          "a record of %d bytes needs %d".formatted(neededBytes, -length));
    }
  }

  private long location(int i) {
    return wanted[i] >>> ORDINAL_BITS;
  }

  private void fail(RuntimeException e) {
    if (failure == null) {
      failure = e;
    } else {
      failure.addSuppressed(e);
    }
  }

  /** Gives the queue back, and waits for reads that are still in flight. */
  @Override
  public void close() {
    try {
      lease.close();
    } finally {
      if (wideMemory != null) {
        wideMemory.close();
      }
    }
  }
}

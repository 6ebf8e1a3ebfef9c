package dev.emberkv.compaction;

import static dev.emberkv.compaction.RecordFormat.HEADER_BYTES;
import static dev.emberkv.compaction.RecordFormat.PAGE_BYTES;

import dev.emberkv.uring.DirectFile;
import dev.emberkv.uring.IoBackend;
import dev.emberkv.uring.IoFailure;
import dev.emberkv.uring.IoQueue;
import dev.emberkv.uring.RawMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The log of a store: records appended to segments of one volume, and read back by location. The
 * format is described in {@code docs/DATA_FILE.md}.
 *
 * <p>Thread-safe but for {@link #close}, which the owner calls when no other call is under way.
 *
 * <p>A record is first in a write buffer and then on the device. {@link #readBuffered} answers for
 * the first time, {@link #file} for the second, and there is no gap: a buffer lets go of a record
 * only after its write has finished. So who gets false from {@link #readBuffered} finds the record
 * on the device by a read that starts afterwards.
 *
 * <p>At any time a crash leaves a prefix of what was appended, with all that was flushed. Of that
 * prefix, {@link RecordFormat} says which records count: whoever frees segments must read it.
 */
public final class SegmentedLog implements AutoCloseable {
  /** Name of the file that holds the segments. */
  public static final String VOLUME_NAME = "volume-0.ember";

  private static final int WRITES_IN_FLIGHT = 32;

  private final IoBackend backend;
  private final DirectFile file;
  private final LogOptions options;
  private final SegmentTable table;
  private final BlockPool pool;
  private final BlockWriter blockWriter;
  private final SegmentWriter writer;
  private final long storeId;
  private final int segmentShift;
  private boolean closed;

  private SegmentedLog(IoBackend backend, DirectFile file, LogOptions options) {
    this.backend = backend;
    this.file = file;
    this.options = options;
    this.segmentShift = Integer.numberOfTrailingZeros(options.segmentBytes());
    VolumeReader volume = new VolumeReader(backend, file, options);
    List<Segment> segments = volume.read();
    this.storeId = volume.storeId() == LogOptions.ANY_STORE ? newStoreId() : volume.storeId();
    this.table = new SegmentTable(file, options, storeId, segments);
    Optional<Segment> newest =
        segments.stream()
            .filter(segment -> segment.header() != null)
            .max(Comparator.comparingLong(SegmentedLog::generation));
    LogTail tail = null;
    long lastSequence = 0;
    if (newest.isPresent()) {
      tail = new TailRecovery(backend, file, newest.get()).recover();
      SegmentFooter footer = newest.get().footer();
      if (tail != null) {
        newest.get().reopen();
      } else if (footer != null) {
        lastSequence = footer.lastSequence();
      }
    }
    ReentrantLock lock = new ReentrantLock();
    Condition progress = lock.newCondition();
    this.pool = new BlockPool(options);
    try {
      IoQueue queue = backend.newQueue(WRITES_IN_FLIGHT, pool.memory());
      this.blockWriter = new BlockWriter(file, queue, pool, lock, progress);
    } catch (RuntimeException e) {
      pool.close();
      throw e;
    }
    this.writer = new SegmentWriter(options, table, pool, blockWriter, lock, progress);
    if (tail == null) {
      writer.startAfter(lastSequence);
    } else {
      writer.resume(newest.orElseThrow(), tail);
    }
    blockWriter.start(writer.position());
  }

  private static long newStoreId() {
    long id;
    do {
      id = ThreadLocalRandom.current().nextLong();
    } while (id == LogOptions.ANY_STORE);
    return id;
  }

  private static long generation(Segment segment) {
    return segment.identity().generation();
  }

  /**
   * Opens the log in a directory, and makes it if there is none. A torn tail is cut, with one line
   * in the application's log; from then on the log can be appended to and scanned.
   *
   * @throws IllegalStateException when the volume is of another store, format version or segment
   *     size
   * @throws IoFailure when the device fails
   */
  public static SegmentedLog open(IoBackend backend, Path directory, LogOptions options) {
    Path path = directory.resolve(VOLUME_NAME);
    boolean made = !Files.exists(path);
    DirectFile file = backend.open(path);
    try {
      if (made) {
        syncDirectory(directory);
      }
      return new SegmentedLog(backend, file, options);
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /** Makes the name of a new file durable, without which its contents can't be found again. */
  private static void syncDirectory(Path directory) {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      throw new IoFailure("fsync " + directory, e);
    }
  }

  /** Returns the number that ties all records to this store. */
  public long storeId() {
    return storeId;
  }

  /** Returns the largest payload that {@link #append} takes, in bytes. */
  public int maxPayloadBytes() {
    int segmentRoom = options.segmentBytes() - 2 * PAGE_BYTES;
    return Math.min(RecordFormat.MAX_RECORD_BYTES, segmentRoom) - HEADER_BYTES;
  }

  /**
   * Appends a record with a payload in native memory. The payload is copied before the call
   * returns; one of more than a write buffer is also written to the device by then, and must not
   * change meanwhile.
   *
   * <p>When all write buffers are on their way to the device, the call waits for the oldest.
   *
   * @param kind {@link RecordFormat#ROW} and so on, 1 to {@link RecordFormat#MAX_KIND}; plus {@link
   *     RecordFormat#COMMITTED} for a record that needs no commit
   * @param table 0 to 65535
   * @param payloadAddress absolute address
   * @return the location of the record
   * @throws StoreFullException when no segment is left; what makes room ({@link
   *     RecordFormat#TOMBSTONE}, {@link RecordFormat#DROP}, {@link RecordFormat#COMMIT}, {@link
   *     RecordFormat#START}) may take one more than other kinds
   * @throws IoFailure when the log is read-only since an earlier failure, which is the cause
   */
  public long append(
      int kind,
      int table,
      long key,
      long sequence,
      int timeSeconds,
      long payloadAddress,
      int payloadBytes) {
    checkRecord(kind, table, payloadBytes);
    return writer.append(
        kind, table, key, sequence, timeSeconds, RawMemory.all(), payloadAddress, payloadBytes);
  }

  /** Appends a record whose payload is a whole segment; see the other {@code append}. */
  public long append(
      int kind, int table, long key, long sequence, int timeSeconds, MemorySegment payload) {
    int payloadBytes = (int) Math.min(payload.byteSize(), Integer.MAX_VALUE);
    checkRecord(kind, table, payloadBytes);
    return writer.append(kind, table, key, sequence, timeSeconds, payload, 0, payloadBytes);
  }

  private void checkRecord(int kind, int table, int payloadBytes) {
    int plainKind = kind & ~RecordFormat.COMMITTED;
    if (plainKind < 1 || plainKind > RecordFormat.MAX_KIND) {
      throw new IllegalArgumentException(
          "kind must be 1 to %d, not %d".formatted(RecordFormat.MAX_KIND, plainKind));
    }
    if (table < 0 || table > 0xffff) {
      throw new IllegalArgumentException("table must be 0 to 65535, not " + table);
    }
    if (payloadBytes < 0 || payloadBytes > maxPayloadBytes()) {
      throw new IllegalArgumentException(
          "payloadBytes must be 0 to %d, not %d".formatted(maxPayloadBytes(), payloadBytes));
    }
  }

  /**
   * Checks that the log still takes records.
   *
   * @throws IoFailure when a write or sync failed earlier; its message names file and errno
   */
  public void checkWritable() {
    blockWriter.checkFailure();
  }

  /**
   * Returns when everything appended before the call is on stable storage. Concurrent callers share
   * one write and one sync. The current page is closed, so each round costs up to a page of space.
   *
   * @throws IoFailure when a write or sync failed, now or earlier
   */
  public void flush() {
    writer.flush();
  }

  /**
   * Returns whether a write buffer holds the record at this moment. False means that the record is
   * on the device; true can turn false at any time, so read with {@link #readBuffered}.
   */
  public boolean isBuffered(long location) {
    return pool.holds(LogLocation.fileOffset(location));
  }

  /**
   * Copies a record that may still be in a write buffer, together with what follows it there.
   *
   * @param location a location that {@link #append} returned
   * @param targetAddress where to put {@code maxBytes} bytes at most
   * @return true when the record, or its first {@code maxBytes} bytes, was copied; false when it is
   *     on the device, in which case the target holds nothing of use
   */
  public boolean readBuffered(long location, long targetAddress, int maxBytes) {
    return pool.read(LogLocation.fileOffset(location), targetAddress, maxBytes);
  }

  /** Returns the file that holds the location. */
  public DirectFile file(long location) {
    assert location >= 0 && location < 1L << LogLocation.BITS;
    return file;
  }

  /** Returns the offset in its file of the page that holds the location. */
  public long fileOffset(long location) {
    return LogLocation.pageOffset(location);
  }

  /** Returns the offset of the location in its page, in bytes. */
  public int offsetInPage(long location) {
    return LogLocation.offsetInPage(location);
  }

  /**
   * Checks that the bytes at an address are the whole, right record of a location.
   *
   * @param availableBytes how many bytes may be looked at, at least a header
   * @return the length of the record, header included and without the zeros behind it; or, when the
   *     record is longer than what is there, minus the number of bytes that are needed. Such a
   *     length is unchecked until the record is whole.
   * @throws CorruptionException when they are anything else
   */
  public int verify(long address, long location, int availableBytes) {
    if (availableBytes < HEADER_BYTES) {
      return -HEADER_BYTES;
    }
    long fileOffset = LogLocation.fileOffset(location);
    long segment = fileOffset >>> segmentShift;
    int offset = (int) (fileOffset & (options.segmentBytes() - 1));
    int stored = RecordCheck.storedBytes(address, offset, options.segmentBytes() - PAGE_BYTES);
    if (stored < 0) {
      throw new CorruptionException(segment, offset, expected(address));
    }
    if (stored > availableBytes) {
      return -stored;
    }
    long seed = table.seed(segment);
    RecordChecksum checksum = RecordChecksum.ofThread();
    if (!RecordCheck.isWhole(address, stored, seed, location, checksum)
        || RecordFormat.kind(address) == RecordFormat.PAD) {
      throw new CorruptionException(segment, offset, expected(address));
    }
    return HEADER_BYTES + RecordFormat.payloadBytes(address);
  }

  private static String expected(long address) {
    return "a record, and not kind %d, payload of %d bytes, checksum %08x"
        .formatted(
            RecordFormat.kind(address),
            RecordFormat.payloadBytes(address),
            RecordFormat.checksum(address));
  }

  /**
   * Hands every record on the device to a visitor, segment by segment in the order of their use.
   * Records that are still in write buffers are not met; {@link #flush} first to meet them.
   *
   * @throws IoFailure when the device fails
   */
  public void scan(RecordVisitor visitor) {
    new LogScan(backend, file, visitor).run(writer.scanRanges());
  }

  /** Returns the disk space of the segments in use. */
  public long usedBytes() {
    return stats().usedBytes();
  }

  /** Returns the most disk space that the log may take. */
  public long limitBytes() {
    return table.limitBytes();
  }

  /** Returns a reading of the counters. */
  public LogStats stats() {
    return writer.stats();
  }

  /** Flushes, and frees what the log holds. Addresses and locations are of no use afterwards. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try (file;
        pool;
        blockWriter) {
      writer.close();
    }
  }
}

package dev.emberkv.compaction;

import static dev.emberkv.compaction.RecordFormat.HEADER_BYTES;
import static dev.emberkv.compaction.RecordFormat.PAGE_BYTES;

import dev.emberkv.index.LiveBitmaps;
import dev.emberkv.uring.DirectFile;
import dev.emberkv.uring.IoBackend;
import dev.emberkv.uring.IoFailure;
import dev.emberkv.uring.RawMemory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;

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
 * <p>Appended records fill one stream of segments, and the copies that cleaning makes another one.
 * Which records are live is kept in {@link LiveBitmaps}: data is live from the moment it was
 * appended until {@link #markDead}. Why cleaning loses nothing: docs/adr/0008-cleaning.md.
 *
 * <p>At any time a crash leaves a prefix of what was appended, with all that was flushed. Of that
 * prefix, {@link RecordFormat} says which records count: whoever frees segments must read it.
 */
public final class SegmentedLog implements AutoCloseable {
  /** Name of the file that holds the segments. */
  public static final String VOLUME_NAME = "volume-0.ember";

  private final IoBackend backend;
  private final DirectFile file;
  private final LogOptions options;
  private final SegmentTable table;
  private final LiveBitmaps live;
  private final LogHealth health = new LogHealth();
  private final LogStream main;
  private final LogStream cleaned;
  private final LiveReader liveReader;
  private final LogCleaning cleaning;
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
    this.live = new LiveBitmaps(options.segmentBytes() / RecordFormat.GRANULE_BYTES);
    this.table = new SegmentTable(file, options, storeId, live, segments);
    List<AutoCloseable> opened = new ArrayList<>();
    opened.add(live);
    boolean whole = false;
    try {
      this.main = openStream(SegmentHeader.STREAM_MAIN, options);
      opened.add(main);
      this.cleaned = openStream(SegmentHeader.STREAM_CLEANED, options.forCleaning());
      opened.add(cleaned);
      this.liveReader = new LiveReader(backend, file, live, options);
      whole = true;
    } finally {
      if (!whole) {
        closeQuietly(opened);
      }
    }
    this.cleaning =
        new LogCleaning(
            this, table, live, cleaned, liveReader, new SegmentFreer(backend, file, table, health));
  }

  private LogStream openStream(int number, LogOptions streamOptions) {
    return LogStream.open(number, backend, file, streamOptions, table, live, health);
  }

  /** Closes what was opened before a failure; that failure is the one to report. */
  private static void closeQuietly(List<AutoCloseable> opened) {
    for (AutoCloseable part : opened.reversed()) {
      try {
        part.close();
      } catch (Exception e) {
        // the failure to open is under way already and says more
      }
    }
  }

  private static long newStoreId() {
    long id;
    do {
      id = ThreadLocalRandom.current().nextLong();
    } while (id == LogOptions.ANY_STORE);
    return id;
  }

  /**
   * Opens the log in a directory, and makes it if there is none. A torn tail is cut, with one line
   * in the application's log; from then on the log can be appended to and scanned.
   *
   * @throws IllegalStateException when the volume is of another store or format version
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
      int found = VolumeReader.segmentBytesOf(backend, file);
      return new SegmentedLog(
          backend, file, found == 0 ? options : options.withSegmentBytes(found));
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
   *     RecordFormat#START}) may take some more than other kinds
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
    return main.writer()
        .append(
            kind, table, key, sequence, timeSeconds, RawMemory.all(), payloadAddress, payloadBytes);
  }

  /** Appends a record whose payload is a whole segment; see the other {@code append}. */
  public long append(
      int kind, int table, long key, long sequence, int timeSeconds, MemorySegment payload) {
    int payloadBytes = (int) Math.min(payload.byteSize(), Integer.MAX_VALUE);
    return append(kind, table, key, sequence, timeSeconds, payload, 0, payloadBytes);
  }

  /** Appends a record whose payload is a part of a segment; see the other {@code append}. */
  public long append(
      int kind,
      int table,
      long key,
      long sequence,
      int timeSeconds,
      MemorySegment payload,
      long payloadOffset,
      int payloadBytes) {
    checkRecord(kind, table, payloadBytes);
    return main.writer()
        .append(kind, table, key, sequence, timeSeconds, payload, payloadOffset, payloadBytes);
  }

  /**
   * Appends some records of one batch that are equally long, in their order and as {@link #append}
   * does. When it throws, those are appended whose location is not 0.
   *
   * @param payloads what holds the payloads
   * @param payloadOffsets where each of them is
   * @param count how many there are, in the first places of the arrays
   * @param locations takes the locations
   */
  public void appendAll(
      int kind,
      int table,
      long[] keys,
      long sequence,
      int timeSeconds,
      MemorySegment payloads,
      long[] payloadOffsets,
      int payloadBytes,
      int count,
      long[] locations) {
    checkRecord(kind, table, payloadBytes);
    Arrays.fill(locations, 0, count, 0);
    main.writer()
        .appendAll(
            kind,
            table,
            keys,
            sequence,
            timeSeconds,
            payloads,
            payloadOffsets,
            payloadBytes,
            count,
            locations);
  }

  void checkRecord(int kind, int table, int payloadBytes) {
    int plainKind = kind & ~RecordFormat.COMMITTED;
    if (plainKind < 1 || plainKind > RecordFormat.MAX_KIND) {
      throw new IllegalArgumentException(
          "kind must be 1 to %d, not %d".formatted(RecordFormat.MAX_KIND, plainKind));
    }
    if (table < 0 || table > 0xffff) {
      throw new IllegalArgumentException("table must be 0 to 65535, not " + table);
    }
    int fewest = SegmentContents.isData(plainKind) ? 1 : 0;
    if (payloadBytes < fewest || payloadBytes > maxPayloadBytes()) {
      throw new IllegalArgumentException(
          "payloadBytes must be %d to %d, not %d"
              .formatted(fewest, maxPayloadBytes(), payloadBytes));
    }
  }

  /**
   * Checks that the log still takes records.
   *
   * @throws IoFailure when a write or sync failed earlier; its message names file and errno
   */
  public void checkWritable() {
    health.check();
  }

  /**
   * Returns when everything appended before the call is on stable storage. Concurrent callers share
   * one write and one sync. The current page is closed, so each round costs up to a page of space.
   *
   * @throws IoFailure when a write or sync failed, now or earlier
   */
  public void flush() {
    main.writer().flush();
  }

  /**
   * Returns whether a write buffer holds the record at this moment. False means that the record is
   * on the device; true can turn false at any time, so read with {@link #readBuffered}.
   */
  public boolean isBuffered(long location) {
    long offset = LogLocation.fileOffset(location);
    return main.pool().holds(offset) || cleaned.pool().holds(offset);
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
    long offset = LogLocation.fileOffset(location);
    return main.pool().read(offset, targetAddress, maxBytes)
        || cleaned.pool().read(offset, targetAddress, maxBytes);
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
    new LogScan(backend, file, visitor).run(scanRanges());
  }

  /**
   * Hands over what {@link #scan} would, but for segments that were sealed before any record with a
   * higher sequence was appended. No segment may be freed meanwhile.
   *
   * @throws IoFailure when the device fails
   */
  public void scanNewerThan(long sequence, RecordVisitor visitor) {
    List<ScanRange> ranges = scanRanges();
    ranges.removeIf(range -> range.footer() != null && range.footer().lastSequence() <= sequence);
    new LogScan(backend, file, visitor).run(ranges);
  }

  private List<ScanRange> scanRanges() {
    List<Segment> used = table.used();
    List<ScanRange> ranges = new ArrayList<>();
    for (LogStream stream : List.of(main, cleaned)) {
      ranges.addAll(stream.writer().scanRanges(stream.ownOf(used)));
    }
    ranges.sort(Comparator.comparingLong(ScanRange::generation));
    return ranges;
  }

  /**
   * Hands over what {@link #scan} would, once and before anything is appended, and takes every row,
   * string key, definition and token for live: the caller {@linkplain #markDead declares those
   * dead} that are not. Of segments of which the archive has a digest, there are only the kept
   * parts of payloads, and they are not read. A segment with damage is never cleaned, so that it
   * can be looked into.
   *
   * @throws IoFailure when the device fails
   */
  public void recover(SegmentReplay replay, DigestArchive archive) {
    SegmentReplay recovering = new RecoveringReplay(replay, table, live, segmentShift);
    new LogReplay(backend, file, recovering, archive, scanRanges()).run();
  }

  /**
   * Notes that a tombstone or drop waits in front of a start: cleaning must not copy it, since a
   * copy counts. For the one thread that opens the store.
   */
  public void neverCounts(long location) {
    long fileOffset = LogLocation.fileOffset(location);
    Segment segment = table.segmentAt(fileOffset);
    segment.contents().neverCounts((int) (fileOffset - segment.fileOffset()));
  }

  /**
   * Brings an archive up to date: it gets the digests of the segments that were sealed since, and
   * loses those of segments that were freed. Each segment is read once, with as long a pause behind
   * it as that took, to leave the device and the processor to others. For one thread at a time.
   *
   * @return how many bytes the new digests have
   * @throws IoFailure when the device fails
   */
  public long archive(DigestArchive archive, KeptPayload kept) {
    Set<DigestId> current = new HashSet<>();
    long bytes = 0;
    try (SegmentScanner scanner = new SegmentScanner(ChunkReader.gentle(backend, file))) {
      for (ScanRange range : scanRanges()) {
        SegmentFooter footer = range.footer();
        Segment segment = table.segment(range.number());
        if (footer == null || !range.hasDigest() || !segment.contentsKnown()) {
          continue;
        }
        DigestId id = DigestId.of(footer);
        if (streamOf(footer.header()).writer().isDurable(segment)) {
          current.add(id);
          bytes += archive.has(id) ? 0 : archive(archive, id, scanner, range, kept);
        }
      }
    }
    archive.retain(current);
    return bytes;
  }

  private static long archive(
      DigestArchive archive,
      DigestId id,
      SegmentScanner scanner,
      ScanRange range,
      KeptPayload kept) {
    long start = System.nanoTime();
    long bytes = 0;
    try (SegmentDigest digest = DigestWriter.digest(scanner, range, kept)) {
      // null: it was freed meanwhile, or has become damaged, which a scan will report
      if (digest != null) {
        byte[][] pieces = digest.pieces();
        archive.put(id, pieces);
        for (byte[] piece : pieces) {
          bytes += piece.length;
        }
      }
    }
    LockSupport.parkNanos(System.nanoTime() - start);
    return bytes;
  }

  // Cleaning

  /** Returns the side of the log that gives the space of dead records back. */
  public LogCleaning cleaning() {
    return cleaning;
  }

  /**
   * Declares a row, string key or definition dead: no reader will be sent to it any more. It stays
   * readable until its segment is freed.
   *
   * @return whether it was live
   */
  public boolean markDead(long location) {
    return live.remove(location);
  }

  /**
   * Declares some rows dead, as {@link #markDead(long)} does with each.
   *
   * @param locations in the first {@code count} places
   */
  public void markDead(long[] locations, int count) {
    live.removeAll(locations, count);
  }

  /** Returns whether a row, string key or definition is live. */
  public boolean isLive(long location) {
    return live.contains(location);
  }

  LogStream streamOf(SegmentHeader header) {
    return header.stream() == SegmentHeader.STREAM_CLEANED ? cleaned : main;
  }

  /** Returns how many bytes of rows can be appended for sure, or until the disk is full. */
  public long bytesLeft() {
    long capacity = options.segmentBytes() - 2L * PAGE_BYTES;
    return table.segmentsLeft() * capacity + main.writer().bytesLeft();
  }

  /**
   * Gives some free segments their disk space ahead of time, and from now on counts no others as
   * room: for a file system that is nearly full. Writers find out before they write then.
   */
  public void growAhead() {
    table.growAhead();
  }

  /** Returns whether the volume could not grow at some time, or {@link #growAhead} was called. */
  public boolean growsAhead() {
    return table.growsAhead();
  }

  /** Returns the size of a segment in bytes. */
  public int segmentBytes() {
    return options.segmentBytes();
  }

  /** Returns the failure that writers get while no room is left for rows. */
  public StoreFullException full() {
    return table.full();
  }

  // Figures

  /** Returns the disk space of the segments in use. */
  public long usedBytes() {
    return table.usedBytes();
  }

  /** Returns the most disk space that the log may take. */
  public long limitBytes() {
    return table.limitBytes();
  }

  /** Returns a reading of the counters. */
  public LogStats stats() {
    SegmentWriter.Counts own = main.writer().counts();
    SegmentWriter.Counts copies = cleaned.writer().counts();
    return new LogStats(
        own.records(),
        own.recordBytes(),
        copies.records(),
        copies.recordBytes(),
        own.bytesWritten() + copies.bytesWritten(),
        own.syncs() + copies.syncs(),
        table.usedSegments(),
        table.freeSegments(),
        table.usedBytes(),
        table.volumeBytes() - table.trimmedBytes(),
        table.limitBytes(),
        live.memoryBytes());
  }

  /** Returns the memory of the live bitmaps, which grows with the volume, in bytes. */
  public long bitmapBytes() {
    return live.memoryBytes();
  }

  /** Flushes, and frees what the log holds. Addresses and locations are of no use afterwards. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try (file;
        live;
        liveReader;
        main) {
      cleaned.close();
    }
  }
}

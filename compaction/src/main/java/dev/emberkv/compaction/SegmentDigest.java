package dev.emberkv.compaction;

import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;

/**
 * All records of one segment in their order, without the payloads of rows: what a start needs of
 * it, in a few percent of its size.
 *
 * <p>A sequence of entries. Each begins with a byte of flags. With {@link #GAP} there follows how
 * many granules were left out since the record before, a varint. Then comes, for a row,
 *
 * <pre>
 *   unless {@link #SAME_SHAPE} as the row before:  u8 1 if committed, u16 table, u32 payload length
 *   u64 key
 *   unless {@link #SAME_SEQUENCE} as the row before:  the difference, zigzag, varint
 * </pre>
 *
 * <p>and for any other record {@code u32 n} and, from the next multiple of 8 on, its header of 32
 * bytes as in the log and the first n bytes of its payload. Numbers are little-endian.
 *
 * <p>Not thread-safe. The owner closes it.
 */
final class SegmentDigest implements AutoCloseable {
  /** The entry is of a row. */
  static final int ROW = 1;

  /** The row has the table, length and flag of the row before. */
  static final int SAME_SHAPE = 1 << 1;

  /** The row has the sequence of the row before. */
  static final int SAME_SEQUENCE = 1 << 2;

  /** The record does not start where the one before ended. */
  static final int GAP = 1 << 3;

  /** Size of the pieces that an archive gets, but for the last. */
  private static final int PIECE_BYTES = 256 << 10;

  private final NativeMemory memory;
  private final long sizeBytes;
  private final long records;

  /** Wraps entries, which the digest owns from now on. */
  SegmentDigest(NativeMemory memory, long sizeBytes, long records) {
    this.memory = memory;
    this.sizeBytes = sizeBytes;
    this.records = records;
  }

  /** Puts a digest together from an archive; the number of records is the segment's. */
  static SegmentDigest of(byte[][] pieces, long records) {
    long total = 0;
    for (byte[] piece : pieces) {
      total += piece.length;
    }
    NativeMemory memory = NativeMemory.reserveSmallPages(Math.max(1, total));
    long at = memory.address();
    for (byte[] piece : pieces) {
      RawMemory.copy(MemorySegment.ofArray(piece), 0, at, piece.length);
      at += piece.length;
    }
    return new SegmentDigest(memory, total, records);
  }

  /** Returns the first place from an address on where a header may begin. */
  static long aligned(long address) {
    return (address + Long.BYTES - 1) & -Long.BYTES;
  }

  /** Returns the entries in pieces. */
  byte[][] pieces() {
    byte[][] pieces = new byte[(int) Math.ceilDiv(sizeBytes, (long) PIECE_BYTES)][];
    for (int i = 0; i < pieces.length; i++) {
      long from = (long) i * PIECE_BYTES;
      pieces[i] = new byte[(int) Math.min(PIECE_BYTES, sizeBytes - from)];
      RawMemory.copy(
          memory.address() + from, MemorySegment.ofArray(pieces[i]), 0, pieces[i].length);
    }
    return pieces;
  }

  long records() {
    return records;
  }

  /**
   * Hands over the records as a scan of the segment would; but of their payloads there is only what
   * was kept.
   */
  void replay(int segment, int segmentBytes, RecordVisitor visitor) {
    try (NativeMemory scratch = NativeMemory.reserveSmallPages(RecordFormat.HEADER_BYTES)) {
      new Replay(segment, segmentBytes, scratch.address(), visitor).run();
    }
  }

  /** One pass over the entries. */
  private final class Replay {
    private final RecordVisitor visitor;
    private final long scratch;
    private final long end = memory.address() + sizeBytes;
    private long at = memory.address();
    private long fileOffset;
    private int kindAndFlags;
    private int table;
    private int payloadBytes;
    private long sequence;

    Replay(int segment, int segmentBytes, long scratch, RecordVisitor visitor) {
      this.visitor = visitor;
      this.scratch = scratch;
      this.fileOffset = (long) segment * segmentBytes + Segment.DATA_START;
    }

    void run() {
      while (at < end) {
        int flags = RawMemory.getByte(at++);
        if ((flags & GAP) != 0) {
          fileOffset += nextVarint() * RecordFormat.GRANULE_BYTES;
        }
        if ((flags & ROW) != 0) {
          row(flags);
        } else {
          other();
        }
      }
    }

    private void row(int flags) {
      if ((flags & SAME_SHAPE) == 0) {
        int committed = RawMemory.getByte(at);
        kindAndFlags = RecordFormat.ROW | (committed != 0 ? RecordFormat.COMMITTED : 0);
        table = RawMemory.getShort(at + 1) & 0xffff;
        payloadBytes = RawMemory.getInt(at + 3);
        at += 7;
      }
      long key =
          Integer.toUnsignedLong(RawMemory.getInt(at))
              | (long) RawMemory.getInt(at + Integer.BYTES) << Integer.SIZE;
      at += Long.BYTES;
      if ((flags & SAME_SEQUENCE) == 0) {
        long zigzag = nextVarint();
        sequence += (zigzag >>> 1) ^ -(zigzag & 1);
      }
      RecordFormat.putHeader(scratch, kindAndFlags, table, key, sequence, 0, payloadBytes);
      visit(scratch);
    }

    private void other() {
      int kept = RawMemory.getInt(at);
      long header = aligned(at + Integer.BYTES);
      at = header + RecordFormat.HEADER_BYTES + kept;
      visit(header);
    }

    private void visit(long header) {
      int bytes = RecordFormat.payloadBytes(header);
      visitor.record(
          LogLocation.ofFileOffset(fileOffset),
          RecordFormat.kind(header),
          RecordFormat.table(header),
          RecordFormat.key(header),
          RecordFormat.sequence(header),
          RecordFormat.timeSeconds(header),
          RecordFormat.payload(header),
          bytes);
      fileOffset += RecordFormat.storedBytes(bytes);
    }

    private long nextVarint() {
      long value = 0;
      for (int shift = 0; ; shift += 7) {
        int next = RawMemory.getByte(at++);
        value |= (long) (next & 0x7f) << shift;
        if (next >= 0) {
          return value;
        }
      }
    }
  }

  @Override
  public void close() {
    memory.close();
  }
}

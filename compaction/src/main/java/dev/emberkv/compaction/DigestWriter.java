package dev.emberkv.compaction;

import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;
import org.jspecify.annotations.Nullable;

/**
 * Makes the {@link SegmentDigest} of a segment while it is scanned, and gives up at the first
 * damage: whoever asked has to look at such a segment itself.
 *
 * <p>Not thread-safe.
 */
final class DigestWriter implements SegmentScanner.Sink {
  private final KeptPayload kept;
  private final NativeMemory memory;
  private long at;
  private int nextOffset = Segment.DATA_START;
  private int kindAndFlags;
  private int table = -1;
  private int payloadBytes;
  private long sequence;
  private long records;
  private boolean damaged;

  private DigestWriter(KeptPayload kept, int segmentBytes) {
    this.kept = kept;
    // An entry takes less than twice what its record does.
    this.memory = NativeMemory.reserveSmallPages(2L * segmentBytes);
    this.at = memory.address();
  }

  /**
   * Reads what there is to scan of a segment.
   *
   * @return null when there is damage
   */
  static @Nullable SegmentDigest digest(SegmentScanner scanner, ScanRange range, KeptPayload kept) {
    SegmentHeader header = range.header();
    SegmentFooter footer = range.footer();
    if (header == null || range.headerDamage() != null || (footer == null && range.whole())) {
      return null;
    }
    DigestWriter writer = new DigestWriter(kept, header.segmentBytes());
    boolean done = false;
    try {
      scanner.walk(header, range.endOffset(), writer);
      boolean complete = footer == null || !range.whole() || writer.records == footer.records();
      done = !writer.damaged && complete;
    } finally {
      if (!done) {
        writer.memory.close();
      }
    }
    return done
        ? new SegmentDigest(writer.memory, writer.at - writer.memory.address(), writer.records)
        : null;
  }

  @Override
  public void record(int offset, long address) {
    records++;
    int bytes = RecordFormat.payloadBytes(address);
    int kind = RecordFormat.kind(address);
    long flagsAt = at++;
    int flags = 0;
    if (offset != nextOffset) {
      flags |= SegmentDigest.GAP;
      putVarint((offset - nextOffset) / RecordFormat.GRANULE_BYTES);
    }
    if (kind == RecordFormat.ROW) {
      flags |= row(address, bytes);
    } else {
      int keptBytes = kept.bytes(kind, RecordFormat.payload(address), bytes);
      RawMemory.putInt(at, keptBytes);
      long header = SegmentDigest.aligned(at + Integer.BYTES);
      RawMemory.copy(address, header, RecordFormat.HEADER_BYTES + keptBytes);
      at = header + RecordFormat.HEADER_BYTES + keptBytes;
    }
    RawMemory.putByte(flagsAt, (byte) flags);
    nextOffset = offset + RecordFormat.storedBytes(bytes);
  }

  private int row(long address, int bytes) {
    int flags = SegmentDigest.ROW;
    boolean committed = RecordFormat.isCommitted(address);
    int newKind = RecordFormat.ROW | (committed ? RecordFormat.COMMITTED : 0);
    int newTable = RecordFormat.table(address);
    if (newKind == kindAndFlags && newTable == table && bytes == payloadBytes) {
      flags |= SegmentDigest.SAME_SHAPE;
    } else {
      kindAndFlags = newKind;
      table = newTable;
      payloadBytes = bytes;
      RawMemory.putByte(at, (byte) (committed ? 1 : 0));
      RawMemory.putShort(at + 1, (short) newTable);
      RawMemory.putInt(at + 3, bytes);
      at += 7;
    }
    long key = RecordFormat.key(address);
    RawMemory.putInt(at, (int) key);
    RawMemory.putInt(at + Integer.BYTES, (int) (key >>> Integer.SIZE));
    at += Long.BYTES;
    long newSequence = RecordFormat.sequence(address);
    if (newSequence == sequence) {
      flags |= SegmentDigest.SAME_SEQUENCE;
    } else {
      long difference = newSequence - sequence;
      putVarint((difference << 1) ^ (difference >> 63));
      sequence = newSequence;
    }
    return flags;
  }

  private void putVarint(long value) {
    long rest = value;
    for (; (rest & ~0x7fL) != 0; rest >>>= 7) {
      RawMemory.putByte(at++, (byte) (rest | 0x80));
    }
    RawMemory.putByte(at++, (byte) rest);
  }

  @Override
  public void padding(int offset, long syncedOffset) {
    // says nothing about records
  }

  @Override
  public boolean damage(int offset, long address) {
    damaged = true;
    return false;
  }
}

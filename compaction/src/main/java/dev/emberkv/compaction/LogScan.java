package dev.emberkv.compaction;

import static dev.emberkv.compaction.RecordFormat.PAGE_BYTES;

import dev.emberkv.uring.DirectFile;
import dev.emberkv.uring.IoBackend;
import java.util.List;

/**
 * One scan of the log: hands all whole records to a visitor, and reports each damaged stretch once.
 *
 * <p>Not thread-safe.
 */
final class LogScan {
  private final IoBackend backend;
  private final DirectFile file;
  private final RecordVisitor visitor;

  LogScan(IoBackend backend, DirectFile file, RecordVisitor visitor) {
    this.backend = backend;
    this.file = file;
    this.visitor = visitor;
  }

  void run(List<ScanRange> ranges) {
    try (SegmentScanner scanner = new SegmentScanner(backend, file)) {
      for (ScanRange range : ranges) {
        scan(scanner, range, visitor);
      }
    }
  }

  /** Scans one segment. */
  static void scan(SegmentScanner scanner, ScanRange range, RecordVisitor visitor) {
    if (range.headerDamage() != null) {
      visitor.corrupt(range.number(), 0, range.headerDamage());
    }
    SegmentHeader header = range.header();
    if (header == null) {
      return;
    }
    SegmentFooter footer = range.footer();
    boolean footerLost = footer == null && range.whole();
    if (footerLost) {
      visitor.corrupt(
          range.number(),
          range.footerOffset(),
          "the footer of generation " + header.generation() + ", since a later one exists");
    }
    SegmentSink sink = new SegmentSink(visitor, header, footerLost);
    scanner.walk(header, range.endOffset(), sink);
    if (footer != null && range.whole() && !sink.damaged && sink.records != footer.records()) {
      visitor.corrupt(
          range.number(),
          range.footerOffset(),
          "%d records, by the footer, and not %d".formatted(footer.records(), sink.records));
    }
  }

  /** Passes on what is in one segment. */
  private static final class SegmentSink implements SegmentScanner.Sink {
    private final RecordVisitor visitor;
    private final SegmentHeader header;
    private final long baseOffset;
    private final boolean endUnknown;
    private long records;
    private boolean damaged;
    private boolean inDamage;

    SegmentSink(RecordVisitor visitor, SegmentHeader header, boolean endUnknown) {
      this.visitor = visitor;
      this.header = header;
      this.endUnknown = endUnknown;
      this.baseOffset = (long) header.segment() * header.segmentBytes();
    }

    @Override
    public void record(int offset, long address) {
      inDamage = false;
      records++;
      visitor.record(
          LogLocation.ofFileOffset(baseOffset + offset),
          RecordFormat.kind(address),
          RecordFormat.table(address),
          RecordFormat.key(address),
          RecordFormat.sequence(address),
          RecordFormat.timeSeconds(address),
          RecordFormat.payload(address),
          RecordFormat.payloadBytes(address));
    }

    @Override
    public void padding(int offset, long syncedOffset) {
      inDamage = false;
    }

    @Override
    public boolean damage(int offset, long address) {
      if (endUnknown && offset % PAGE_BYTES == 0 && SegmentHeader.isBlank(address)) {
        return false;
      }
      if (!inDamage) {
        visitor.corrupt(header.segment(), offset, RecordCheck.expected(header.generation()));
      }
      inDamage = true;
      damaged = true;
      suspect(offset, address);
      return true;
    }

    private void suspect(int offset, long address) {
      int end = header.segmentBytes() - PAGE_BYTES;
      int kind = RecordFormat.kind(address);
      if (RecordCheck.storedBytes(address, offset, end) >= 0 && kind <= RecordFormat.MAX_KIND) {
        int restOfPage = PAGE_BYTES - (offset & (PAGE_BYTES - 1));
        int payloadBytes =
            Math.min(RecordFormat.payloadBytes(address), restOfPage - RecordFormat.HEADER_BYTES);
        visitor.suspect(
            LogLocation.ofFileOffset(baseOffset + offset),
            kind,
            RecordFormat.table(address),
            RecordFormat.key(address),
            RecordFormat.sequence(address),
            RecordFormat.payload(address),
            payloadBytes);
      }
    }
  }
}

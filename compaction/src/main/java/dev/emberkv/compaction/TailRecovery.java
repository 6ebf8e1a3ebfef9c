package dev.emberkv.compaction;

import static dev.emberkv.compaction.RecordFormat.PAGE_BYTES;

import dev.emberkv.uring.DirectFile;
import dev.emberkv.uring.IoBackend;
import dev.emberkv.uring.IoFailure;
import dev.emberkv.uring.IoQueue;
import dev.emberkv.uring.NativeMemory;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds where the newest segment of an existing volume ends, and makes it fit to go on there.
 *
 * <p>That segment may have a footer and be torn nevertheless: its footer and its last pages were on
 * their way together. The header of a later segment would prove that they all arrived.
 *
 * <p>The tail is the first place without a whole record that is not known to have been on stable
 * storage: the padding that ends a page says how far the segment was durable by then. Damage before
 * that is left alone, and a scan reports it. Behind the tail there can be pages that a crash let
 * through before the ones in front of them. They were never acknowledged, and they would come back
 * to life once the gap is filled; so they are overwritten with zeros, and the page of the tail is
 * closed with padding, before anything is appended.
 */
final class TailRecovery implements SegmentScanner.Sink {
  private static final Logger LOG = LoggerFactory.getLogger(TailRecovery.class);

  private final IoBackend backend;
  private final DirectFile file;
  private final SegmentHeader header;
  private final boolean sealed;
  private final boolean headerDamaged;
  private final int endOffset;

  private int firstDamage;
  private int toleratedUpTo;
  private long syncedOffset;
  private int lastWholePage;
  private long records;
  private long lastSequence;
  private long lastOffset;
  private int lastResult;

  TailRecovery(IoBackend backend, DirectFile file, Segment newest) {
    SegmentFooter footer = newest.footer();
    this.backend = backend;
    this.file = file;
    this.header = newest.identity();
    this.sealed = footer != null;
    this.headerDamaged = newest.headerDamage() != null;
    this.endOffset =
        footer == null
            ? newest.footerOffset()
            : (int) Math.min(footer.dataEndBytes(), newest.footerOffset());
  }

  /**
   * Finds the tail, mends what is behind it and returns when that is on stable storage.
   *
   * @return where to go on, or null when the segment is sealed and whole
   */
  @Nullable LogTail recover() {
    try (SegmentScanner scanner = new SegmentScanner(backend, file)) {
      walk(scanner, 0);
      if (syncedOffset > firstDamage) {
        walk(scanner, (int) Math.min(syncedOffset, endOffset));
      }
    }
    if (sealed) {
      if (firstDamage == endOffset) {
        return null;
      }
      rewrite(SegmentFooter.open(header)::write, header.segmentBytes() - PAGE_BYTES);
    }
    if (headerDamaged) {
      LOG.warn(
          "{}: restored the header of segment {} from its copy", file.path(), header.segment());
      rewrite(header::write, 0);
    }
    int cut = firstDamage;
    int resume = (cut + PAGE_BYTES - 1) & -PAGE_BYTES;
    boolean stray = lastWholePage >= resume;
    if (cut != resume || stray) {
      LOG.info(
          "{}: cut the torn tail of segment {} at offset {}; {} bytes behind it were not durable",
          file.path(),
          header.segment(),
          cut,
          Math.max(resume, lastWholePage + PAGE_BYTES) - cut);
      mend(cut, resume);
    }
    file.sync();
    return new LogTail(resume, records, lastSequence);
  }

  private void walk(SegmentScanner scanner, int tolerated) {
    toleratedUpTo = tolerated;
    firstDamage = -1;
    records = 0;
    lastSequence = header.creationSequence();
    scanner.walk(header, endOffset, this);
    if (firstDamage < 0) {
      firstDamage = endOffset;
    }
  }

  @Override
  public void record(int offset, long address) {
    whole(offset);
    if (firstDamage < 0) {
      records++;
      long sequence = RecordFormat.sequence(address);
      if (Long.compareUnsigned(sequence, lastSequence) > 0) {
        lastSequence = sequence;
      }
    }
  }

  @Override
  public void padding(int offset, long synced) {
    whole(offset);
    syncedOffset = Math.max(syncedOffset, synced);
  }

  private void whole(int offset) {
    lastWholePage = Math.max(lastWholePage, offset & -PAGE_BYTES);
  }

  @Override
  public boolean damage(int offset, long address) {
    if (firstDamage < 0 && offset >= toleratedUpTo) {
      firstDamage = offset;
    }
    return true;
  }

  /** Writes a page of the segment anew and makes it durable. */
  private void rewrite(LongConsumer page, int offset) {
    try (NativeMemory memory = NativeMemory.reserve(PAGE_BYTES);
        IoQueue queue = backend.newQueue(1, memory)) {
      page.accept(memory.address());
      write(queue, memory.address(), offset);
    }
    file.sync();
  }

  /**
   * Clears the whole pages behind the cut, and then pads the page of the cut. The order matters: as
   * long as that page is torn, no walk gets past it, wherever a second crash stops this.
   */
  private void mend(int cut, int resume) {
    try (NativeMemory memory = NativeMemory.reserve(2L * PAGE_BYTES);
        IoQueue queue = backend.newQueue(1, memory)) {
      for (int offset = resume; offset <= lastWholePage; offset += PAGE_BYTES) {
        write(queue, memory.address() + PAGE_BYTES, offset);
      }
      if (cut != resume) {
        file.sync();
        padPage(queue, memory.address(), cut);
      }
    }
  }

  private void write(IoQueue queue, long page, int offset) {
    long fileOffset = baseOffset() + offset;
    queue.write(file, fileOffset, page, PAGE_BYTES, fileOffset);
    finish(queue);
  }

  private void padPage(IoQueue queue, long page, int cut) {
    int inPage = cut & (PAGE_BYTES - 1);
    long pageOffset = baseOffset() + cut - inPage;
    queue.read(file, pageOffset, page, PAGE_BYTES, pageOffset);
    finish(queue);
    long location = LogLocation.ofFileOffset(pageOffset + inPage);
    int mask = RecordChecksum.mask(header.seed(), location);
    PadRecord.write(page + inPage, PAGE_BYTES - inPage, 0, new RecordChecksum(), mask);
    write(queue, page, cut - inPage);
  }

  private long baseOffset() {
    return (long) header.segment() * header.segmentBytes();
  }

  private void finish(IoQueue queue) {
    queue.await(1, this::completed);
    if (lastResult < 0) {
      throw new IoFailure(
          "mending the page at %d of %s".formatted(lastOffset, file.path()), -lastResult);
    }
  }

  private void completed(long fileOffset, int result) {
    lastOffset = fileOffset;
    lastResult = result;
  }
}

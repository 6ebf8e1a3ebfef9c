package dev.emberkv.compaction;

import static dev.emberkv.compaction.RecordFormat.PAGE_BYTES;

import dev.emberkv.uring.DirectFile;
import dev.emberkv.uring.IoBackend;
import dev.emberkv.uring.IoFailure;
import dev.emberkv.uring.IoQueue;
import dev.emberkv.uring.NativeMemory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds where the open segment of an existing volume ends, and makes it fit to go on there.
 *
 * <p>The tail is the first place without a whole record that is not known to have been on stable
 * storage: the padding that ends a page says how far the segment was durable by then. Damage before
 * that is left alone, and a scan reports it. Behind the tail there can be pages that a crash let
 * through before the ones in front of them. They were never acknowledged, and they would come back
 * to life once the gap is filled; so their first records are overwritten with zeros, and the page
 * of the tail is closed with padding, before anything is appended.
 */
final class TailRecovery implements SegmentScanner.Sink {
  private static final Logger LOG = LoggerFactory.getLogger(TailRecovery.class);

  private final IoBackend backend;
  private final DirectFile file;
  private final SegmentHeader header;
  private final int endOffset;

  private int firstDamage;
  private int toleratedUpTo;
  private long syncedOffset;
  private int lastWholePage;
  private long records;
  private long lastSequence;
  private long lastOffset;
  private int lastResult;

  TailRecovery(IoBackend backend, DirectFile file, SegmentHeader header) {
    this.backend = backend;
    this.file = file;
    this.header = header;
    this.endOffset = header.segmentBytes() - PAGE_BYTES;
  }

  /** Finds the tail, mends what is behind it and returns when that is on stable storage. */
  LogTail recover() {
    try (SegmentScanner scanner = new SegmentScanner(backend, file)) {
      walk(scanner, 0);
      if (syncedOffset > firstDamage) {
        walk(scanner, (int) Math.min(syncedOffset, endOffset));
      }
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

  /** Pads the page of the cut and clears the whole pages behind it. */
  private void mend(int cut, int resume) {
    long base = (long) header.segment() * header.segmentBytes();
    try (NativeMemory memory = NativeMemory.reserve(2L * PAGE_BYTES);
        IoQueue queue = backend.newQueue(1, memory)) {
      long page = memory.address();
      if (cut != resume) {
        long pageOffset = base + resume - PAGE_BYTES;
        transfer(() -> queue.read(file, pageOffset, page, PAGE_BYTES, pageOffset), queue, "read");
        int inPage = cut & (PAGE_BYTES - 1);
        long location = LogLocation.ofFileOffset(base + cut);
        PadRecord.write(
            page + inPage,
            PAGE_BYTES - inPage,
            0,
            new RecordChecksum(),
            RecordChecksum.mask(header.seed(), location));
        transfer(() -> queue.write(file, pageOffset, page, PAGE_BYTES, pageOffset), queue, "write");
      }
      long zeros = page + PAGE_BYTES;
      for (int offset = resume; offset <= lastWholePage; offset += PAGE_BYTES) {
        long pageOffset = base + offset;
        transfer(
            () -> queue.write(file, pageOffset, zeros, PAGE_BYTES, pageOffset), queue, "write");
      }
    }
  }

  private void transfer(Runnable request, IoQueue queue, String operation) {
    request.run();
    queue.await(1, this::completed);
    if (lastResult < 0) {
      throw new IoFailure("%s %s at %d".formatted(operation, file.path(), lastOffset), -lastResult);
    }
  }

  private void completed(long fileOffset, int result) {
    lastOffset = fileOffset;
    lastResult = result;
  }
}

package dev.emberkv.compaction;

import dev.emberkv.uring.RawMemory;
import java.lang.foreign.MemorySegment;

/**
 * A record that takes several write buffers, read as one run of bytes: header, payload, zeros.
 *
 * <p>Its checksum stands in the first buffer and covers the last, and the first has left before the
 * last is filled. So the payload is read twice, and must not change in between.
 */
final class LargeRecord {
  private final MemorySegment payload;
  private final long payloadOffset;
  private final int payloadBytes;
  private final int storedBytes;
  private final long header;
  private final long piece;
  private final int pieceBytes;
  private int kind;
  private long sequence;

  /** Uses the pool's scratch space for as long as the record is under way. */
  LargeRecord(BlockPool pool, MemorySegment payload, long payloadOffset, int payloadBytes) {
    this.payload = payload;
    this.payloadOffset = payloadOffset;
    this.payloadBytes = payloadBytes;
    this.storedBytes = RecordFormat.storedBytes(payloadBytes);
    this.header = pool.scratch();
    this.piece = header + RecordFormat.HEADER_BYTES;
    this.pieceBytes = pool.scratchBytes() - RecordFormat.HEADER_BYTES;
  }

  int storedBytes() {
    return storedBytes;
  }

  /** Sets the header but for the checksum. */
  void header(int newKind, int table, long key, long newSequence, int timeSeconds) {
    kind = newKind;
    sequence = newSequence;
    RecordFormat.putHeader(header, kind, table, key, sequence, timeSeconds, payloadBytes);
  }

  int kind() {
    return kind;
  }

  long sequence() {
    return sequence;
  }

  /** Computes the checksum and sets it. */
  void putChecksum(RecordChecksum checksum, int mask) {
    checksum.begin();
    int checked = RecordFormat.CHECKED_OFFSET;
    checksum.update(header + checked, RecordFormat.HEADER_BYTES - checked);
    for (int done = RecordFormat.HEADER_BYTES; done < storedBytes; ) {
      int length = Math.min(pieceBytes, storedBytes - done);
      copy(done, piece, length);
      checksum.update(piece, length);
      done += length;
    }
    RecordFormat.putChecksum(header, checksum.value() ^ mask);
  }

  /** Copies {@code lengthBytes} bytes of the record's image, from one of its bytes on. */
  void copy(int from, long target, int lengthBytes) {
    int at = from;
    int end = from + lengthBytes;
    if (at < RecordFormat.HEADER_BYTES) {
      int length = Math.min(end, RecordFormat.HEADER_BYTES) - at;
      RawMemory.copy(header + at, target, length);
      at += length;
    }
    int payloadEnd = RecordFormat.HEADER_BYTES + payloadBytes;
    if (at < end && at < payloadEnd) {
      int length = Math.min(end, payloadEnd) - at;
      long source = payloadOffset + at - RecordFormat.HEADER_BYTES;
      RawMemory.copy(payload, source, target + (at - from), length);
      at += length;
    }
    if (at < end) {
      RawMemory.clear(target + (at - from), end - at);
    }
  }
}

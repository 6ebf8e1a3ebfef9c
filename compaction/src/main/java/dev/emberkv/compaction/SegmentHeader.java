package dev.emberkv.compaction;

import static dev.emberkv.compaction.RecordFormat.PAGE_BYTES;

import dev.emberkv.uring.RawMemory;
import org.jspecify.annotations.Nullable;

/**
 * The first page of a segment: which segment of which store it is, and which use of it.
 *
 * <pre>
 *    0  u64  magic "EMBERLOG"
 *    8  u32  format version
 *   12  u32  CRC32C of the page but for this field
 *   16  u64  store id
 *   24  u64  generation: counts the uses of all segments of the volume
 *   32  u64  salt: random per use
 *   40  u64  highest sequence of the log when the segment was opened
 *   48  u32  segment number
 *   52  u32  segment size in bytes
 *   56  u8   stream: 0 main, 1 cleaned, 255 free
 *   57       zeros to the end of the page
 * </pre>
 *
 * <p>All fields lie in the first 512 bytes, and a device writes a sector whole or not at all: a
 * header that was torn by a crash is a valid one, the old or the new. So one that is neither valid
 * nor all zeros was damaged.
 *
 * @param segment number of the segment in its volume
 * @param stream what kind of records fill it, or {@link #STREAM_FREE}
 * @param generation unique and growing with every use of any segment
 * @param salt random, so that a use that a crash made unknown can't lend its records to the next
 *     one of the same generation
 * @param creationSequence highest sequence in the log when this use began
 */
record SegmentHeader(
    long storeId,
    int segment,
    int segmentBytes,
    int stream,
    long generation,
    long salt,
    long creationSequence) {
  /** Version of the whole format of a volume. */
  static final int FORMAT_VERSION = 2;

  /** Records of the store, in the order in which they were appended. */
  static final int STREAM_MAIN = 0;

  /** Copies that cleaning made of records that count. */
  static final int STREAM_CLEANED = 1;

  /** How many streams there are; each fills segments of its own. */
  static final int STREAMS = 2;

  /** No stream: the segment was cleaned, and all that it holds is void. */
  static final int STREAM_FREE = 255;

  /** The bytes "EMBERLOG". */
  static final long MAGIC = 0x474f4c5245424d45L;

  private static final long MAGIC_OFFSET = 0;
  private static final long VERSION_OFFSET = 8;
  private static final long CRC_OFFSET = 12;
  private static final long STORE_OFFSET = 16;
  private static final long GENERATION_OFFSET = 24;
  private static final long SALT_OFFSET = 32;
  private static final long SEQUENCE_OFFSET = 40;
  private static final long SEGMENT_OFFSET = 48;
  private static final long SEGMENT_BYTES_OFFSET = 52;
  private static final long STREAM_OFFSET = 56;

  /** Returns the seed of the checksums of this use's records. */
  long seed() {
    return RecordChecksum.seed(storeId, generation, salt);
  }

  /** Writes the page. */
  void write(long address) {
    write(address, MAGIC);
    seal(address);
  }

  /** Writes the fields that a header and a footer share; {@link #seal} comes last. */
  void write(long address, long magic) {
    RawMemory.clear(address, PAGE_BYTES);
    RawMemory.putLong(address + MAGIC_OFFSET, magic);
    RawMemory.putInt(address + VERSION_OFFSET, FORMAT_VERSION);
    RawMemory.putLong(address + STORE_OFFSET, storeId);
    RawMemory.putLong(address + GENERATION_OFFSET, generation);
    RawMemory.putLong(address + SALT_OFFSET, salt);
    RawMemory.putLong(address + SEQUENCE_OFFSET, creationSequence);
    RawMemory.putInt(address + SEGMENT_OFFSET, segment);
    RawMemory.putInt(address + SEGMENT_BYTES_OFFSET, segmentBytes);
    RawMemory.putByte(address + STREAM_OFFSET, (byte) stream);
  }

  /** Puts the checksum of a page whose other fields are there. */
  static void seal(long address) {
    RawMemory.putInt(address + CRC_OFFSET, checksum(address));
  }

  /** Returns the header on the page, or null when the page is not a whole header. */
  static @Nullable SegmentHeader read(long address) {
    return read(address, MAGIC);
  }

  /**
   * Returns the fields that a header and a footer share, or null when the page is not whole.
   *
   * @throws IllegalStateException when the page is of another format version
   */
  static @Nullable SegmentHeader read(long address, long magic) {
    if (RawMemory.getLong(address + MAGIC_OFFSET) != magic
        || RawMemory.getInt(address + CRC_OFFSET) != checksum(address)) {
      return null;
    }
    int version = RawMemory.getInt(address + VERSION_OFFSET);
    if (version != FORMAT_VERSION) {
      throw new IllegalStateException(
          "the volume is of format version %d, and this release reads version %d"
              .formatted(version, FORMAT_VERSION));
    }
    return new SegmentHeader(
        RawMemory.getLong(address + STORE_OFFSET),
        RawMemory.getInt(address + SEGMENT_OFFSET),
        RawMemory.getInt(address + SEGMENT_BYTES_OFFSET),
        RawMemory.getByte(address + STREAM_OFFSET) & 0xff,
        RawMemory.getLong(address + GENERATION_OFFSET),
        RawMemory.getLong(address + SALT_OFFSET),
        RawMemory.getLong(address + SEQUENCE_OFFSET));
  }

  /** Returns whether the page is all zeros, as in a segment that was never used. */
  static boolean isBlank(long address) {
    for (int i = 0; i < PAGE_BYTES; i += Long.BYTES) {
      if (RawMemory.getLong(address + i) != 0) {
        return false;
      }
    }
    return true;
  }

  private static int checksum(long address) {
    RecordChecksum crc = RecordChecksum.ofThread();
    crc.begin();
    crc.update(address, (int) CRC_OFFSET);
    long rest = CRC_OFFSET + Integer.BYTES;
    crc.update(address + rest, PAGE_BYTES - (int) rest);
    return crc.value();
  }
}

package dev.emberkv.compaction;

import dev.emberkv.uring.RawMemory;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * CRC32C over absolute native addresses, and the mask that binds a checksum to one place of one use
 * of one segment of one store.
 *
 * <p>The CPU's instruction is reached through {@link CRC32C}, which takes native memory as a direct
 * buffer only. Making a buffer per record would allocate, so one buffer spans 1 GiB of addresses
 * and more around the last record and is made anew only when a record lies outside; it is a range
 * of numbers, and only the bytes of records in it are ever touched.
 *
 * <p>The mask is XORed onto the CRC instead of being fed to it first. A CRC is linear, so the two
 * detect the same errors, and the XOR costs one multiplication chain instead of a second call.
 *
 * <p>Not thread-safe: the owner is one thread, or a lock.
 */
final class RecordChecksum {
  private static final long WINDOW_ALIGNMENT = 1L << 30;
  private static final int WINDOW_BYTES = (1 << 30) + LogOptions.MAX_SEGMENT_BYTES;

  private static final ThreadLocal<RecordChecksum> OF_THREAD =
      ThreadLocal.withInitial(RecordChecksum::new);

  private final CRC32C crc = new CRC32C();
  private long windowStart;
  private ByteBuffer window = windowAt(0);

  /** Returns the current thread's own checksum. */
  static RecordChecksum ofThread() {
    return OF_THREAD.get();
  }

  /** Returns the seed of a segment's masks. */
  static long seed(long storeId, long generation, long salt) {
    return mix(mix(mix(storeId) ^ generation) ^ salt);
  }

  /** Returns the mask of the record at a location. */
  static int mask(long seed, long location) {
    return (int) (mix(seed + location * 0x9e3779b97f4a7c15L) >>> 32);
  }

  /** The finalizer of SplitMix64 (Stafford's variant 13). Part of the format. */
  private static long mix(long value) {
    long h = value;
    h = (h ^ (h >>> 30)) * 0xbf58476d1ce4e5b9L;
    h = (h ^ (h >>> 27)) * 0x94d049bb133111ebL;
    return h ^ (h >>> 31);
  }

  /** Returns the CRC32C of {@code lengthBytes} bytes, a segment at most. */
  int of(long address, int lengthBytes) {
    begin();
    update(address, lengthBytes);
    return value();
  }

  /** Returns the masked checksum of a record image of {@code storedBytes} bytes. */
  int ofRecord(long address, int storedBytes, int mask) {
    int covered = storedBytes - RecordFormat.CHECKED_OFFSET;
    return of(address + RecordFormat.CHECKED_OFFSET, covered) ^ mask;
  }

  /** Starts a CRC that is computed in pieces. */
  void begin() {
    crc.reset();
  }

  /** Adds the next piece. */
  void update(long address, int lengthBytes) {
    long offset = address - windowStart;
    if (offset < 0 || offset >= WINDOW_ALIGNMENT) {
      windowStart = address & -WINDOW_ALIGNMENT;
      window = windowAt(windowStart);
      offset = address - windowStart;
    }
    int start = (int) offset;
    crc.update(window.limit(start + lengthBytes).position(start));
  }

  /** Returns the CRC of the pieces so far. */
  int value() {
    return (int) crc.getValue();
  }

  private static ByteBuffer windowAt(long start) {
    return RawMemory.all().asSlice(start, WINDOW_BYTES).asByteBuffer();
  }
}

package dev.emberkv.uring;

/** The rules that every request keeps, whatever the backend. */
final class Transfers {
  /**
   * How often a request may come back with EINTR or EAGAIN, one time after the other and without
   * any progress, before its errno goes to the handler.
   */
  static final int MAX_FRUITLESS_TRIES = 64;

  private Transfers() {}

  /** Checks what the caller of a queue gave it. */
  static void check(DirectFile file, long fileOffset, long address, int lengthBytes) {
    int alignment = file.alignmentBytes();
    if (lengthBytes <= 0 || lengthBytes % alignment != 0) {
      throw new IllegalArgumentException(
          "lengthBytes must be a positive multiple of %d, not %d"
              .formatted(alignment, lengthBytes));
    }
    if (fileOffset < 0 || fileOffset % alignment != 0) {
      throw new IllegalArgumentException(
          "fileOffset must be a multiple of %d from 0, not %d".formatted(alignment, fileOffset));
    }
    if (address <= 0 || address % alignment != 0) {
      throw new IllegalArgumentException(
          "address must be a multiple of %d, not 0x%x".formatted(alignment, address));
    }
  }

  /** Checks a range whose disk space is to be reserved or given back. */
  static void checkRange(DirectFile file, long offset, long lengthBytes) {
    int alignment = file.alignmentBytes();
    if (offset < 0
        || lengthBytes <= 0
        || offset > Long.MAX_VALUE - lengthBytes
        || offset % alignment != 0
        || lengthBytes % alignment != 0) {
      throw new IllegalArgumentException(
          "offset and lengthBytes must be multiples of %d, at least 0 and %d, not %d and %d"
              .formatted(alignment, alignment, offset, lengthBytes));
    }
  }

  static void checkDepth(int depth) {
    if (depth < 1 || depth > IoBackend.MAX_DEPTH) {
      throw new IllegalArgumentException(
          "depth must be 1 to %d, not %d".formatted(IoBackend.MAX_DEPTH, depth));
    }
  }

  static void checkPlatformThread() {
    if (Thread.currentThread().isVirtual()) {
      throw new IllegalStateException(
          "a virtual thread can't own a queue: no kernel thread is its");
    }
  }

  static void checkRoom(int inFlight, int depth) {
    if (inFlight >= depth) {
      throw new IllegalStateException(
          "all %d requests of the queue are in flight: await some first".formatted(depth));
    }
  }

  static void checkMinimum(int minimum, int inFlight) {
    if (minimum < 0 || minimum > inFlight) {
      throw new IllegalArgumentException(
          "minimum must be 0 to the %d requests in flight, not %d".formatted(inFlight, minimum));
    }
  }
}

package dev.emberkv.simulation;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * The contents of a simulated file: pages that were written, zeros elsewhere.
 *
 * <p>Page arrays are never changed once they are in an image, so images share them.
 */
final class DiskImage {
  static final int PAGE_BYTES = 4096;

  private static final byte[] ZEROS = new byte[PAGE_BYTES];

  private final Map<Long, byte[]> pages;
  private long sizeBytes;

  DiskImage() {
    pages = new HashMap<>();
  }

  DiskImage(DiskImage other) {
    pages = new HashMap<>(other.pages);
    sizeBytes = other.sizeBytes;
  }

  DiskImage(byte[] bytes) {
    this();
    sizeBytes = bytes.length;
    for (int at = 0; at < bytes.length; at += PAGE_BYTES) {
      pages.put((long) at / PAGE_BYTES, Arrays.copyOfRange(bytes, at, at + PAGE_BYTES));
    }
  }

  long sizeBytes() {
    return sizeBytes;
  }

  void resize(long bytes) {
    sizeBytes = bytes;
  }

  byte[] page(long number) {
    return pages.getOrDefault(number, ZEROS);
  }

  void read(long offset, byte[] target) {
    for (int done = 0; done < target.length; ) {
      int inPage = (int) ((offset + done) % PAGE_BYTES);
      int piece = Math.min(PAGE_BYTES - inPage, target.length - done);
      System.arraycopy(page((offset + done) / PAGE_BYTES), inPage, target, done, piece);
      done += piece;
    }
  }

  void write(long offset, byte[] source, int from, int length) {
    for (int done = 0; done < length; ) {
      long page = (offset + done) / PAGE_BYTES;
      int inPage = (int) ((offset + done) % PAGE_BYTES);
      int piece = Math.min(PAGE_BYTES - inPage, length - done);
      byte[] changed = page(page).clone();
      System.arraycopy(source, from + done, changed, inPage, piece);
      pages.put(page, changed);
      done += piece;
    }
  }

  /** Takes a range of whole or torn pages over from another image. */
  void copyFrom(DiskImage other, long offset, int length) {
    byte[] bytes = new byte[length];
    other.read(offset, bytes);
    write(offset, bytes, 0, length);
  }

  byte[] toBytes() {
    byte[] bytes = new byte[Math.toIntExact(sizeBytes)];
    read(0, bytes);
    return bytes;
  }
}

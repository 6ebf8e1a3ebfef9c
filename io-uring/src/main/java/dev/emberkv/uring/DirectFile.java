package dev.emberkv.uring;

import java.nio.file.Path;

/**
 * An open file that is read and written in aligned blocks, past the page cache where the backend
 * and the file system can.
 *
 * <p>Thread-safe. The methods here block; transfers go through an {@link IoQueue} of the same
 * backend.
 */
public interface DirectFile extends AutoCloseable {
  /** Returns the path that the file was opened by. */
  Path path();

  /** Returns what addresses, offsets and lengths of transfers must be a multiple of, in bytes. */
  int alignmentBytes();

  /** Returns whether transfers bypass the page cache. */
  boolean direct();

  /** Returns the current length of the file in bytes. */
  long sizeBytes();

  /**
   * Reserves disk space for the range and extends the file to cover it. What was written there
   * stays; the rest reads as zeros.
   *
   * @param offset a multiple of {@link #alignmentBytes}, as is the length
   * @throws IoFailure with {@link Errno#ENOSPC} when the disk is full
   */
  void allocate(long offset, long lengthBytes);

  /**
   * Makes the range read as zeros and gives its disk space back where the backend and the file
   * system can. The file keeps its length.
   *
   * @param offset a multiple of {@link #alignmentBytes}, as is the length
   */
  void punchHole(long offset, long lengthBytes);

  /**
   * Returns whether {@link #punchHole} gives disk space back. Where it does not it writes zeros,
   * which is slow.
   */
  boolean givesSpaceBack();

  /** Makes finished writes durable (fdatasync); a failure is final, it is never retried. */
  void sync();

  /** Closes the file. */
  @Override
  void close();
}

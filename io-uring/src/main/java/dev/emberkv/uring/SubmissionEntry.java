package dev.emberkv.uring;

import dev.emberkv.uring.generated.LibUring;
import dev.emberkv.uring.generated.io_uring_sqe;

/** The layout of one submission entry ({@code struct io_uring_sqe}) and how requests look in it. */
final class SubmissionEntry {
  static final long SIZE_BYTES = io_uring_sqe.sizeof();

  private static final long OPCODE = io_uring_sqe.opcode$offset();
  private static final long FLAGS = io_uring_sqe.flags$offset();
  private static final long FD = io_uring_sqe.fd$offset();
  private static final long OFFSET = io_uring_sqe.off$offset();
  private static final long ADDRESS = io_uring_sqe.addr$offset();
  private static final long LENGTH = io_uring_sqe.len$offset();
  private static final long FSYNC_FLAGS = io_uring_sqe.fsync_flags$offset();
  private static final long USER_DATA = io_uring_sqe.user_data$offset();
  private static final long BUFFER_INDEX = io_uring_sqe.buf_index$offset();

  private static final byte NOP = (byte) LibUring.IORING_OP_NOP();
  private static final byte READ = (byte) LibUring.IORING_OP_READ();
  private static final byte WRITE = (byte) LibUring.IORING_OP_WRITE();
  private static final byte READ_FIXED = (byte) LibUring.IORING_OP_READ_FIXED();
  private static final byte WRITE_FIXED = (byte) LibUring.IORING_OP_WRITE_FIXED();
  private static final byte FSYNC = (byte) LibUring.IORING_OP_FSYNC();
  private static final byte FIXED_FILE = (byte) LibUring.IOSQE_FIXED_FILE();

  private SubmissionEntry() {}

  static void writeNop(long entry, long userData) {
    clear(entry);
    RawMemory.putByte(entry + OPCODE, NOP);
    RawMemory.putLong(entry + USER_DATA, userData);
  }

  static void writeSync(long entry, boolean fixedFile, int file, long userData) {
    clear(entry);
    RawMemory.putByte(entry + OPCODE, FSYNC);
    writeFile(entry, fixedFile, file);
    RawMemory.putInt(entry + FSYNC_FLAGS, LibUring.IORING_FSYNC_DATASYNC());
    RawMemory.putLong(entry + USER_DATA, userData);
  }

  /**
   * Writes a transfer.
   *
   * @param fixedFile whether {@code file} is a registered file's index; a descriptor otherwise
   * @param bufferIndex the registered buffer that holds the range, or negative for plain memory
   */
  static void writeTransfer(
      long entry,
      boolean read,
      boolean fixedFile,
      int file,
      int bufferIndex,
      long fileOffset,
      long address,
      int lengthBytes,
      long userData) {
    clear(entry);
    boolean fixed = bufferIndex >= 0;
    byte opcode = read ? (fixed ? READ_FIXED : READ) : (fixed ? WRITE_FIXED : WRITE);
    RawMemory.putByte(entry + OPCODE, opcode);
    writeFile(entry, fixedFile, file);
    RawMemory.putLong(entry + OFFSET, fileOffset);
    RawMemory.putLong(entry + ADDRESS, address);
    RawMemory.putInt(entry + LENGTH, lengthBytes);
    RawMemory.putLong(entry + USER_DATA, userData);
    if (fixed) {
      RawMemory.putShort(entry + BUFFER_INDEX, (short) bufferIndex);
    }
  }

  private static void writeFile(long entry, boolean fixedFile, int file) {
    RawMemory.putByte(entry + FLAGS, fixedFile ? FIXED_FILE : 0);
    RawMemory.putInt(entry + FD, file);
  }

  /** Zeroes the entry: it still holds the request that used it one lap before. */
  private static void clear(long entry) {
    for (long at = 0; at < SIZE_BYTES; at += Long.BYTES) {
      RawMemory.putLong(entry + at, 0);
    }
  }
}

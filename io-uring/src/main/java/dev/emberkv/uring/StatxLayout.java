package dev.emberkv.uring;

/**
 * Offsets and flags of {@code struct statx} ({@code <linux/stat.h>}) and {@code struct statfs}
 * ({@code <sys/vfs.h>}), as far as they are used; the same on x86-64 and AArch64.
 */
final class StatxLayout {
  static final int AT_EMPTY_PATH = 0x1000;
  static final int STATX_SIZE = 0x200;
  static final int STATX_DIOALIGN = 0x2000;

  static final long SIZE_BYTES = 256;
  static final long MASK = 0;
  static final long SIZE = 40;
  static final long DIO_MEM_ALIGN = 152;
  static final long DIO_OFFSET_ALIGN = 156;

  static final long STATFS_SIZE_BYTES = 120;
  static final long STATFS_TYPE = 0;
  static final long TMPFS_MAGIC = 0x01021994;

  private StatxLayout() {}
}

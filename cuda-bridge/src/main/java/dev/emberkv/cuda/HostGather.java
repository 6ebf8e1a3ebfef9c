package dev.emberkv.cuda;

import dev.emberkv.uring.RawMemory;

/** The host's twin of {@link GatherKernel}: target row i is source row index[i]. */
final class HostGather {
  private HostGather() {}

  /**
   * Lays rows out.
   *
   * @param source address of the rows
   * @param index address of {@code rows} u32 numbers of source rows
   * @param target address of {@code rows} rows
   * @param rowBytes width of a row
   */
  static void run(long source, long index, long target, int rows, int rowBytes) {
    for (long row = 0; row < rows; row++) {
      long from = Integer.toUnsignedLong(RawMemory.getInt(index + row * Integer.BYTES));
      RawMemory.copy(source + from * rowBytes, target + row * rowBytes, rowBytes);
    }
  }
}

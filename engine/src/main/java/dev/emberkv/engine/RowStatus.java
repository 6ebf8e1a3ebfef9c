package dev.emberkv.engine;

/** Where a looked-up row came from; the byte values are part of the wire format. */
public final class RowStatus {
  /** There is no such row; the output holds the table's initial row, which is not stored. */
  public static final byte MISSING = 0;

  /** The row was in DRAM. */
  public static final byte HOT = 1;

  /** The row was read from the device. */
  public static final byte COLD = 2;

  /**
   * The id was seen, but not often enough for a row of its own; the output holds the initial row.
   */
  public static final byte NOT_ADMITTED = 3;

  private RowStatus() {}
}

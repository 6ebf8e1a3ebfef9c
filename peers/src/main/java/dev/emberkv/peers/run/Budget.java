package dev.emberkv.peers.run;

/** How much DRAM the stores get. */
public enum Budget {
  /** All rows fit, with what each store keeps beside them. */
  ALL("100 %", 1),
  /** A quarter of the rows' bytes, for everything. */
  QUARTER("25 %", 0.25),
  /** A twentieth of the rows' bytes, for everything. */
  TWENTIETH("5 %", 0.05);

  /** What all rows take with a store's own data: generous, so that nobody has to evict. */
  private static final double ROOM_FOR_ALL = 1.5;

  private static final long FIXED_BYTES = 64L << 20;

  private final String title;
  private final double share;

  Budget(String title, double share) {
    this.title = title;
    this.share = share;
  }

  /** Returns the share of the rows' bytes, for people. */
  public String title() {
    return title;
  }

  /** Returns the share of the rows' bytes. */
  public double share() {
    return share;
  }

  /** Returns the bytes for a table whose rows are so large together. */
  public long bytes(long dataBytes) {
    return this == ALL
        ? (long) (dataBytes * ROOM_FOR_ALL) + FIXED_BYTES
        : (long) (dataBytes * share);
  }
}

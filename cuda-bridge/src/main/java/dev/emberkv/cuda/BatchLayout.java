package dev.emberkv.cuda;

/** How the rows of a batch lie in device memory. */
public enum BatchLayout {
  /** One row per id, in the order of the ids; an id that comes twice is uploaded twice. */
  AS_SUBMITTED,

  /**
   * One row per different id, in the order of their first places in the batch, and an index of u32
   * numbers: the row of id i is row index[i].
   */
  UNIQUE,

  /**
   * One row per id, in the order of the ids; each different id is looked up and uploaded once, and
   * a kernel lays the rows out on the device.
   */
  EXPANDED;

  /** Returns whether an id that comes twice is looked up and uploaded once. */
  boolean deduplicates() {
    return this != AS_SUBMITTED;
  }
}

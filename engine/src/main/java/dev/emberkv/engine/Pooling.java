package dev.emberkv.engine;

/** How the rows of a bag become one. */
public enum Pooling {
  /** Their sum. */
  SUM,
  /** Their sum, divided by their number, also where they have weights. */
  MEAN
}

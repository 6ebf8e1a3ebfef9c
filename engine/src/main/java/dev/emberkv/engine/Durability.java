package dev.emberkv.engine;

/** When a write counts as done. */
public enum Durability {
  /** After its record is on stable storage; concurrent writers share one flush. */
  ALWAYS,
  /** At once; a crash loses at most the last second. */
  EVERYSEC,
  /** At once; a crash goes back to the last checkpoint. */
  CHECKPOINT
}

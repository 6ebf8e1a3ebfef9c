package dev.emberkv.compaction;

/**
 * Who asks for a segment. Space comes back through deletes and cleaning, so some segments are held
 * back for both, and each claim leaves those of the more urgent ones alone.
 */
enum Claim {
  /** Rows: what fills the store. */
  ORDINARY,
  /** Deletes, and the commits that make them count: a few segments are held back for them. */
  URGENT,
  /** Cleaning, which gives back what it takes: a few segments are held back for it. */
  CLEANING;

  /** Returns the claim of an appended record of the main stream. */
  static Claim of(int kind) {
    return switch (kind) {
      case RecordFormat.TOMBSTONE, RecordFormat.DROP, RecordFormat.COMMIT, RecordFormat.START ->
          URGENT;
      default -> ORDINARY;
    };
  }
}

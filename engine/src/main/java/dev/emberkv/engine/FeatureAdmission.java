package dev.emberkv.engine;

/**
 * Which ids get a row of their own when gradients are pushed to them. Rows that are there learn in
 * any case, and a row that is put is stored: its caller has decided.
 */
public sealed interface FeatureAdmission {
  /** Every id gets one with its first push. */
  record All() implements FeatureAdmission {}

  /**
   * An id gets one once it was seen often enough. Ids are counted while they have no row, each as
   * often as it stands in a batch. The counts are exact until they take a 32nd of the memory
   * budget; further ids share counters, and a few of these get their row early. When these are full
   * too, all counts are halved. Counts do not outlive the store: after a start they begin anew, so
   * rows come later, never earlier.
   *
   * @param times 1 to {@link #MAX_TIMES}
   * @param sight what counts as seen
   */
  record Counted(int times, Sight sight) implements FeatureAdmission {
    /** The most times that are counted. */
    public static final int MAX_TIMES = 255;

    /** Checks the range. */
    public Counted {
      if (times < 1 || times > MAX_TIMES) {
        throw new IllegalArgumentException(
            "ids are admitted after 1 to %d times, not %d".formatted(MAX_TIMES, times));
      }
    }
  }

  /**
   * Each push makes a row with some probability, decided by the table's seed, the id and the push's
   * token alone. Without tokens an id has one chance: it gets its row with its first push or never.
   *
   * @param probability above 0, at most 1
   */
  record Chance(double probability) implements FeatureAdmission {
    /** Checks the range. */
    public Chance {
      if (!(probability > 0 && probability <= 1)) {
        throw new IllegalArgumentException(
            "a probability is above 0 and at most 1, not " + probability);
      }
    }
  }

  /** What counts as having seen an id. */
  enum Sight {
    /** A gradient for it; the push that completes the number makes the row. */
    PUSHES(0),
    /** A read of its row; the next push makes it. */
    LOOKUPS(1);

    /** How a table's definition names it. */
    final byte code;

    Sight(int code) {
      this.code = (byte) code;
    }

    static Sight ofCode(byte code) {
      return switch (code) {
        case 0 -> PUSHES;
        case 1 -> LOOKUPS;
        default -> throw new IllegalStateException("ids are counted by " + code);
      };
    }
  }
}

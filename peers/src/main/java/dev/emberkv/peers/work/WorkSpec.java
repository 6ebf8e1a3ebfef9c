package dev.emberkv.peers.work;

import java.io.Serializable;

/**
 * What is asked of a store, over and over.
 *
 * @param kind reads, writes or both
 * @param keys of which rows
 * @param batch rows in a call; 1 means single-key calls
 */
public record WorkSpec(Kind kind, KeySource keys, int batch) implements Serializable {
  /** What a call does. */
  public enum Kind {
    /** Reads rows. */
    LOOKUP,
    /** Reads a batch, overwrites the next one, and so on. */
    MIXED,
    /** Overwrites rows. */
    OVERWRITE,
    /** Moves rows along gradients with Adagrad. */
    PUSH
  }

  /** Checks the range. */
  public WorkSpec {
    if (batch < 1) {
      throw new IllegalArgumentException("batch must be at least 1, not " + batch);
    }
  }

  /** Returns a short title for people. */
  public String title() {
    String what =
        switch (kind) {
          case LOOKUP -> batch == 1 ? "single gets" : "lookups of " + batch;
          case MIXED -> "half lookups, half updates of " + batch;
          case OVERWRITE -> "updates of " + batch;
          case PUSH -> "Adagrad pushes of " + batch;
        };
    return what + ", " + keys;
  }
}

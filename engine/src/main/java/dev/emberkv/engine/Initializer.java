package dev.emberkv.engine;

/**
 * What a row that was never written looks like: a pure function of (seed, table, key, column), so
 * that a miss needs no storage and every replica agrees.
 */
public sealed interface Initializer {
  /** All zeros. */
  record Zeros() implements Initializer {}

  /** One value everywhere. */
  record Constant(float value) implements Initializer {}

  /** Uniform in {@code [low, high)}. */
  record Uniform(float low, float high) implements Initializer {
    /** Checks that the range is finite and not empty. */
    public Uniform {
      if (!(low < high) || Float.isInfinite(high - low)) {
        throw new IllegalArgumentException(
            "uniform needs finite low < high, not " + low + " and " + high);
      }
    }
  }

  /** Normal with the given mean and standard deviation, truncated at two deviations. */
  record Normal(float mean, float deviation) implements Initializer {
    /** Checks that the deviation is positive and finite. */
    public Normal {
      if (!(deviation > 0) || Float.isInfinite(deviation) || !Float.isFinite(mean)) {
        throw new IllegalArgumentException(
            "normal needs a finite mean and a deviation > 0, not " + mean + " and " + deviation);
      }
    }
  }
}

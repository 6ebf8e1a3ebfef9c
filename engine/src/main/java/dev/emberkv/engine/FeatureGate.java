package dev.emberkv.engine;

import dev.emberkv.index.KeyHash;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Decides for the rows of one keyspace which ids get one; see {@link FeatureAdmission}. Asked only
 * about ids that have none.
 *
 * <p>Thread-safe, inside the store's {@link Epoch}.
 */
abstract sealed class FeatureGate implements AutoCloseable {
  private final LongAdder rejections = new LongAdder();

  /** Returns the gate of a table; null when every id may pass. */
  static @Nullable FeatureGate of(TableSpec spec, long counterBytes) {
    return switch (spec.admission()) {
      case FeatureAdmission.All() -> null;
      case FeatureAdmission.Counted(int times, FeatureAdmission.Sight sight) ->
          new Counting(times, sight, new SightCounts(counterBytes));
      case FeatureAdmission.Chance(double probability) -> new Draw(spec.seed(), probability);
    };
  }

  /**
   * Returns whether a push makes the row of an id; asked once for each id of a push.
   *
   * @param hash of the id in this store's index, a bijection
   * @param times how often the id stands in the push
   * @param token hash of the push's token, 0 without one
   */
  boolean admits(long id, long hash, int times, long token) {
    boolean admitted = decide(id, hash, times, token);
    if (!admitted) {
      rejections.increment();
    }
    return admitted;
  }

  abstract boolean decide(long id, long hash, int times, long token);

  /**
   * Takes note that a row was read that is not there, and returns the {@link RowStatus} to answer:
   * whether a push would make it.
   */
  abstract byte missed(long id, long hash);

  /** Returns how many ids of pushes were left without a row. */
  long rejections() {
    return rejections.sum();
  }

  /** Returns the memory that counters take. */
  long memoryBytes() {
    return 0;
  }

  @Override
  public void close() {}

  /** Lets ids in that were seen often enough. */
  private static final class Counting extends FeatureGate {
    private final int times;
    private final boolean countsPushes;
    private final SightCounts counts;

    Counting(int times, FeatureAdmission.Sight sight, SightCounts counts) {
      this.times = times;
      this.countsPushes = sight == FeatureAdmission.Sight.PUSHES;
      this.counts = counts;
    }

    @Override
    boolean decide(long id, long hash, int seen, long token) {
      int count = countsPushes ? counts.add(hash, seen) : counts.count(hash);
      if (count < times) {
        return false;
      }
      counts.forget(hash);
      return true;
    }

    @Override
    byte missed(long id, long hash) {
      if (countsPushes) {
        return counts.count(hash) == 0 ? RowStatus.MISSING : RowStatus.NOT_ADMITTED;
      }
      return counts.add(hash, 1) < times ? RowStatus.NOT_ADMITTED : RowStatus.MISSING;
    }

    @Override
    long memoryBytes() {
      return counts.memoryBytes();
    }

    @Override
    public void close() {
      counts.close();
    }
  }

  /** Draws lots: the same id and token have the same luck, on every machine. */
  private static final class Draw extends FeatureGate {
    private static final double TWO_POW_MINUS_53 = 0x1p-53;

    private final long seed;
    private final double probability;

    Draw(long seed, double probability) {
      this.seed = seed;
      this.probability = probability;
    }

    @Override
    boolean decide(long id, long hash, int times, long token) {
      long drawn = KeyHash.ofId(id, KeyHash.ofId(token, seed));
      return (drawn >>> 11) * TWO_POW_MINUS_53 < probability;
    }

    @Override
    byte missed(long id, long hash) {
      return decide(id, hash, 1, 0) ? RowStatus.MISSING : RowStatus.NOT_ADMITTED;
    }
  }
}

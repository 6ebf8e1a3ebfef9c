package dev.emberkv.bench.workload;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;
import java.util.function.LongUnaryOperator;

/**
 * An endless sequence of row ids from 0..rows-1 in a given distribution; a pure function of its
 * seed.
 *
 * <p>Not thread-safe: each thread has its own.
 */
public abstract class KeyStream {
  private KeyStream() {}

  /** Makes a stream. */
  public static KeyStream of(Distribution distribution, long rows, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    return distribution.exponent() == 0
        ? new Uniform(random, rows)
        : new Zipf(new ZipfRanks(rows, distribution.exponent(), random), new Scatter(rows));
  }

  /** Makes a stream of ids that something else draws. */
  public static KeyStream of(LongSupplier ids) {
    return new Drawn(ids);
  }

  /**
   * Makes a stream of the ids of accesses that are numbered 0..accesses-1, over and over; the seed
   * says with which it begins.
   */
  public static KeyStream cycle(long accesses, long seed, LongUnaryOperator idOfAccess) {
    long first = new SplittableRandom(seed).nextLong(accesses);
    return of(
        new LongSupplier() {
          private long access = first;

          @Override
          public long getAsLong() {
            access = access + 1 == accesses ? 0 : access + 1;
            return idOfAccess.applyAsLong(access);
          }
        });
  }

  /** Returns the next id. */
  public abstract long next();

  /** Fills a segment of packed ids. */
  public void fill(MemorySegment keys) {
    long count = keys.byteSize() / Long.BYTES;
    for (long i = 0; i < count; i++) {
      keys.setAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, i, next());
    }
  }

  private static final class Drawn extends KeyStream {
    private final LongSupplier ids;

    Drawn(LongSupplier ids) {
      this.ids = ids;
    }

    @Override
    public long next() {
      return ids.getAsLong();
    }
  }

  private static final class Uniform extends KeyStream {
    private final SplittableRandom random;
    private final long rows;

    Uniform(SplittableRandom random, long rows) {
      this.random = random;
      this.rows = rows;
    }

    @Override
    public long next() {
      // The high half of the product; its bias of rows / 2^64 is far below what a run can see.
      return Math.unsignedMultiplyHigh(random.nextLong(), rows);
    }
  }

  private static final class Zipf extends KeyStream {
    private final ZipfRanks ranks;
    private final Scatter scatter;

    Zipf(ZipfRanks ranks, Scatter scatter) {
      this.ranks = ranks;
      this.scatter = scatter;
    }

    @Override
    public long next() {
      return scatter.of(ranks.next() - 1);
    }
  }
}

package dev.emberkv.index;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.uring.RawMemory;
import dev.emberkv.uring.Vectors;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class BucketTest {
  @Test
  void vectorAndScalarCodeFindTheSameMatches() {
    long seed = System.nanoTime();
    System.out.println("BucketTest seed " + seed + ", vectors of " + Vectors.BYTES + " bytes");
    SplittableRandom random = new SplittableRandom(seed);
    try (Arena arena = Arena.ofConfined()) {
      long bucket = arena.allocate(Bucket.BYTES, Bucket.BYTES).address();
      int matches = 0;
      for (int round = 0; round < 50_000; round++) {
        long wanted = random.nextLong();
        RawMemory.putLong(bucket, Bucket.emptyHeader(random.nextInt(64)));
        for (int slot = 1; slot <= Bucket.SLOTS; slot++) {
          RawMemory.putLong(Bucket.slotAddress(bucket, slot), entry(random, wanted));
        }

        int mask = Bucket.matchMask(bucket, wanted);

        assertThat(mask).as("round %d", round).isEqualTo(Bucket.scalarMatchMask(bucket, wanted));
        matches += Integer.bitCount(mask);
      }
      assertThat(matches).as("entries that match").isGreaterThan(50_000);
    }
  }

  /** Returns an empty slot, a stranger, or a match of any age, perhaps with one bit wrong. */
  private static long entry(SplittableRandom random, long wanted) {
    long location = random.nextLong(1L << 39);
    return switch (random.nextInt(4)) {
      case 0 -> Entry.EMPTY;
      case 1 -> Entry.fresh(random.nextLong(), 0, location);
      default -> spoiled(random, aged(random, wanted, location));
    };
  }

  private static long aged(SplittableRandom random, long wanted, long location) {
    int age = random.nextInt(Entry.FRESH_BITS - Entry.MIN_BITS + 1);
    long entry = Entry.fresh(wanted >>> age, 0, location);
    for (int i = 0; i < age; i++) {
      entry = Entry.rebased(entry);
    }
    return entry;
  }

  private static long spoiled(SplittableRandom random, long entry) {
    int bit = random.nextInt(4 * Entry.MIN_BITS);
    return bit < Entry.MIN_BITS ? entry ^ (1L << (63 - bit)) : entry;
  }
}

package dev.emberkv.index;

import dev.emberkv.uring.RawMemory;
import java.nio.ByteOrder;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The match of a bucket's entries in vector code, the twin of {@link Bucket#matchMask}: seven
 * instructions for all entries instead of eight for each. All of them wait for the bucket's line,
 * and the fewer wait, the more lines of later lookups the processor asks for meanwhile.
 *
 * <p>Stateless. Only to be used where {@link dev.emberkv.uring.Vectors#ENABLED}.
 */
final class VectorBucket {
  private static final VectorSpecies<Long> SPECIES = LongVector.SPECIES_PREFERRED;
  private static final int LANES = SPECIES.length();
  private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

  /** Lane 0 of a bucket is its header. */
  private static final int ENTRY_LANES = 0xfe;

  private VectorBucket() {}

  /** Returns a mask with bit s set when slot s matches. */
  static int matchMask(long bucket, long wanted) {
    long mask = 0;
    for (int lane = 0; lane < Long.SIZE / Byte.SIZE; lane += LANES) {
      mask |= match(RawMemory.canonical(bucket) + ((long) lane << 3), wanted) << lane;
    }
    return (int) mask & ENTRY_LANES;
  }

  /** As {@link Entry#matchBit}, for each lane. */
  private static long match(long address, long wanted) {
    LongVector entries = LongVector.fromMemorySegment(SPECIES, RawMemory.all(), address, ORDER);
    LongVector tags = entries.and(Entry.TAG_MASK);
    LongVector sentinels = tags.and(tags.neg());
    return entries
        .lanewise(VectorOperators.XOR, wanted)
        .lanewise(VectorOperators.LSHR, 1)
        .compare(VectorOperators.LT, sentinels)
        .toLong();
  }
}

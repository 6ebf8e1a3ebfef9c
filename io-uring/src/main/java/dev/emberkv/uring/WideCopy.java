package dev.emberkv.uring;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Copies rows with whole vectors, inlined where they are called: for a few cache lines, the general
 * copy spends more on finding out what it is to copy, and the processor can't look past it to the
 * next row's misses.
 *
 * <p>Stateless. Only to be touched where {@link Vectors#ENABLED}, for ranges of at least a vector
 * and at most {@link #MAX_BYTES}.
 */
final class WideCopy {
  /** Longer ranges gain nothing over the general copy. */
  static final int MAX_BYTES = 1024;

  private static final VectorSpecies<Byte> SPECIES = ByteVector.SPECIES_PREFERRED;
  private static final int WIDTH = SPECIES.length();
  private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

  private WideCopy() {}

  /** Copies from an address into a segment. */
  static void copy(long source, MemorySegment target, long to, int lengthBytes) {
    int last = lengthBytes - WIDTH;
    for (int at = 0; at < last; at += WIDTH) {
      load(source + at).intoMemorySegment(target, to + at, ORDER);
    }
    load(source + last).intoMemorySegment(target, to + last, ORDER);
  }

  /** Copies from a segment to an address. */
  static void copy(MemorySegment source, long from, long target, int lengthBytes) {
    int last = lengthBytes - WIDTH;
    for (int at = 0; at < last; at += WIDTH) {
      store(ByteVector.fromMemorySegment(SPECIES, source, from + at, ORDER), target + at);
    }
    store(ByteVector.fromMemorySegment(SPECIES, source, from + last, ORDER), target + last);
  }

  /** Copies between ranges that do not overlap. */
  static void copy(long source, long target, int lengthBytes) {
    int last = lengthBytes - WIDTH;
    for (int at = 0; at < last; at += WIDTH) {
      store(load(source + at), target + at);
    }
    store(load(source + last), target + last);
  }

  private static ByteVector load(long address) {
    return ByteVector.fromMemorySegment(
        SPECIES, RawMemory.all(), RawMemory.canonical(address), ORDER);
  }

  private static void store(ByteVector vector, long address) {
    vector.intoMemorySegment(RawMemory.all(), RawMemory.canonical(address), ORDER);
  }
}

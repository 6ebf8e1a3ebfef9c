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
 * <p>For the same reason up to four vectors are copied without a loop, which the compiler splits
 * into three with checks in front of each, and without a branch: the four overlap where the range
 * is shorter.
 *
 * <p>Stateless. Only to be touched where {@link Vectors#ENABLED}, for ranges of at least a vector
 * and at most {@link #MAX_BYTES}.
 */
final class WideCopy {
  /** Longer ranges gain nothing over the general copy. */
  static final int MAX_BYTES = 1024;

  private static final VectorSpecies<Byte> SPECIES = ByteVector.SPECIES_PREFERRED;
  private static final int WIDTH = SPECIES.length();
  private static final int BLOCK = 4 * WIDTH;
  private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

  private WideCopy() {}

  /** Copies from an address into a segment. */
  static void copy(long source, MemorySegment target, long to, int length) {
    if (length > BLOCK) {
      copyLong(source, target, to, length);
      return;
    }
    int last = inBlock(length - WIDTH);
    int second = Math.min(WIDTH, last);
    int third = inBlock(last - second);
    load(source, 0).intoMemorySegment(target, to, ORDER);
    load(source, second).intoMemorySegment(target, to + second, ORDER);
    load(source, third).intoMemorySegment(target, to + third, ORDER);
    load(source, last).intoMemorySegment(target, to + last, ORDER);
  }

  private static void copyLong(long source, MemorySegment target, long to, int length) {
    int last = length - WIDTH;
    for (int at = 0; at < last; at += WIDTH) {
      load(source, at).intoMemorySegment(target, to + at, ORDER);
    }
    load(source, last).intoMemorySegment(target, to + last, ORDER);
  }

  /** Copies from a segment to an address. */
  static void copy(MemorySegment source, long from, long target, int length) {
    if (length > BLOCK) {
      copyLong(source, from, target, length);
      return;
    }
    int last = inBlock(length - WIDTH);
    int second = Math.min(WIDTH, last);
    int third = inBlock(last - second);
    store(ByteVector.fromMemorySegment(SPECIES, source, from, ORDER), target, 0);
    store(ByteVector.fromMemorySegment(SPECIES, source, from + second, ORDER), target, second);
    store(ByteVector.fromMemorySegment(SPECIES, source, from + third, ORDER), target, third);
    store(ByteVector.fromMemorySegment(SPECIES, source, from + last, ORDER), target, last);
  }

  private static void copyLong(MemorySegment source, long from, long target, int length) {
    int last = length - WIDTH;
    for (int at = 0; at < last; at += WIDTH) {
      store(ByteVector.fromMemorySegment(SPECIES, source, from + at, ORDER), target, at);
    }
    store(ByteVector.fromMemorySegment(SPECIES, source, from + last, ORDER), target, last);
  }

  /** Copies between ranges that do not overlap. */
  static void copy(long source, long target, int length) {
    int last = length - WIDTH;
    for (int at = 0; at < last; at += WIDTH) {
      store(load(source, at), target, at);
    }
    store(load(source, last), target, last);
  }

  /** Tells the compiler what it can't see: that an offset is in the block. */
  private static int inBlock(int offset) {
    assert offset >= 0 && offset < BLOCK : offset;
    return offset & (BLOCK - 1);
  }

  private static ByteVector load(long address, int offset) {
    long at = RawMemory.canonical(address) + offset;
    return ByteVector.fromMemorySegment(SPECIES, RawMemory.all(), at, ORDER);
  }

  private static void store(ByteVector vector, long address, int offset) {
    vector.intoMemorySegment(RawMemory.all(), RawMemory.canonical(address) + offset, ORDER);
  }
}

package dev.emberkv.engine;

import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Estimates how often rows that are not in DRAM were asked for lately: a doorkeeper bitmap that
 * takes the first time, and a count-min sketch of four-bit counters for the others, both of a key
 * in one cache line (G. Einziger, R. Friedman, B. Manes, "TinyLFU: A Highly Efficient Cache
 * Admission Policy", ACM ToS 13(4), 2017; conservative update: C. Estan, G. Varghese, SIGCOMM
 * 2002).
 *
 * <pre>
 *   a line of 64 bytes: 256 doorkeeper bits, two of which are a key's
 *                       64 counters of four bits, two of which are a key's
 * </pre>
 *
 * <p>Halving all counters ages the sketch; its owner decides when, and does it in pieces. The
 * doorkeeper is emptied with it, and by itself when it is filling up, as it does when everything is
 * scanned: that forgets the scan and keeps the counters.
 *
 * <p>Thread-safe. Racing updates of a line may lose one another's, which an estimate can bear.
 */
final class FrequencySketch implements AutoCloseable {
  static final int LINE_BYTES = 64;

  /** Lines that are halved in one go: 32 KiB. */
  static final int PIECE_LINES = 512;

  /** The highest estimate. */
  static final int MAX_FREQUENCY = UseCounts.MAX_FREQUENCY;

  private static final int DOOR_WORDS = 4;
  private static final int DOOR_BITS = DOOR_WORDS * Long.SIZE;
  private static final int COUNTER_BITS = 4;
  private static final int COUNTERS_PER_WORD = Long.SIZE / COUNTER_BITS;
  private static final int COUNTERS = (LINE_BYTES / Long.BYTES - DOOR_WORDS) * COUNTERS_PER_WORD;
  private static final int COUNTERS_AT = DOOR_WORDS * Long.BYTES;
  private static final long COUNTER_MASK = (1 << COUNTER_BITS) - 1;
  private static final long HALVES = 0x7777777777777777L;

  /** The doorkeeper is emptied when one in so many of its bits has let a key in. */
  private static final int DOOR_BITS_PER_KEY = 8;

  private final NativeMemory memory;
  private final int lines;
  private final AtomicLong repeats = new AtomicLong();
  private final AtomicLong firsts = new AtomicLong();

  FrequencySketch(long bytes) {
    this.lines = Math.toIntExact(Math.max(1, bytes / LINE_BYTES));
    this.memory = NativeMemory.reserveSmallPages((long) lines * LINE_BYTES);
  }

  /**
   * Counts a request for a key.
   *
   * @param hash of the key; need not be well mixed
   * @return the estimate of how often it was asked for, this time included: 1 to {@link
   *     #MAX_FREQUENCY}
   */
  int record(long hash) {
    long mixed = mix(hash);
    long line = line(mixed);
    long first = counter(mixed);
    long second = counter(mixed >>> 16);
    int count = Math.min(count(line, first), count(line, second));
    if (enter(line, mixed)) {
      firsts.incrementAndGet();
    } else {
      repeats.incrementAndGet();
      if (count < MAX_FREQUENCY) {
        raise(line, first, count + 1);
        raise(line, second, count + 1);
        count++;
      }
    }
    return Math.min(count + 1, MAX_FREQUENCY);
  }

  /** Returns the estimate of how often a key was asked for: 0 to {@link #MAX_FREQUENCY}. */
  int estimate(long hash) {
    long mixed = mix(hash);
    long line = line(mixed);
    int count = Math.min(count(line, counter(mixed)), count(line, counter(mixed >>> 16)));
    return Math.min(count + (isInside(line, mixed) ? 1 : 0), MAX_FREQUENCY);
  }

  /** Notes that a key was asked for at least so many times, as is known from elsewhere. */
  void raise(long hash, int frequency) {
    if (frequency <= 0) {
      return;
    }
    long mixed = mix(hash);
    long line = line(mixed);
    enter(line, mixed);
    raise(line, counter(mixed), frequency - 1);
    raise(line, counter(mixed >>> 16), frequency - 1);
  }

  /** Returns how many calls of {@link #record} were not the first of their key. */
  long repeats() {
    return repeats.getOpaque();
  }

  int counters() {
    return lines * COUNTERS;
  }

  int pieces() {
    return Math.ceilDiv(lines, PIECE_LINES);
  }

  /** Returns whether the doorkeeper lets in so many keys by mistake that it should be emptied. */
  boolean isDoorkeeperFull() {
    return firsts.getOpaque() > (long) lines * DOOR_BITS / DOOR_BITS_PER_KEY;
  }

  /** Empties a piece of the doorkeeper; piece 0 comes first. */
  void forgetFirsts(int piece) {
    if (piece == 0) {
      firsts.set(0);
    }
    for (long line = start(piece); line < start(piece + 1); line += LINE_BYTES) {
      for (int at = 0; at < COUNTERS_AT; at += Long.BYTES) {
        RawMemory.putLong(line + at, 0);
      }
    }
  }

  /** Halves the counters of a piece. */
  void halve(int piece) {
    for (long line = start(piece); line < start(piece + 1); line += LINE_BYTES) {
      for (int at = COUNTERS_AT; at < LINE_BYTES; at += Long.BYTES) {
        RawMemory.putLong(line + at, RawMemory.getLong(line + at) >>> 1 & HALVES);
      }
    }
  }

  private long start(int piece) {
    return memory.address() + Math.min(lines, (long) piece * PIECE_LINES) * LINE_BYTES;
  }

  /** Returns whether both of a key's doorkeeper bits are set. */
  private static boolean isInside(long line, long mixed) {
    long places = doorPlaces(mixed);
    return hasBit(line, place(places, DOOR_BITS)) && hasBit(line, place(places >>> 16, DOOR_BITS));
  }

  private static boolean hasBit(long line, long bit) {
    return (RawMemory.getLong(line + (bit >>> 6) * Long.BYTES) & 1L << bit) != 0;
  }

  private static long doorPlaces(long mixed) {
    return (mixed * 0xc2b2ae3d27d4eb4fL) >>> 32;
  }

  /** Sets a key's doorkeeper bits; returns whether one of them was new. */
  private static boolean enter(long line, long mixed) {
    long places = doorPlaces(mixed);
    boolean first = enterBit(line, place(places, DOOR_BITS));
    boolean second = enterBit(line, place(places >>> 16, DOOR_BITS));
    return first || second;
  }

  private static boolean enterBit(long line, long bit) {
    long word = line + (bit >>> 6) * Long.BYTES;
    long bits = RawMemory.getLong(word);
    if ((bits & 1L << bit) != 0) {
      return false;
    }
    RawMemory.putLong(word, bits | 1L << bit);
    return true;
  }

  private static long counter(long places) {
    return place(places, COUNTERS);
  }

  /** Spreads the low 16 bits over 0..n-1. */
  private static long place(long bits, int n) {
    return ((bits & 0xffff) * n) >>> 16;
  }

  private static int count(long line, long counter) {
    return (int) (RawMemory.getLong(wordOf(line, counter)) >>> shiftOf(counter) & COUNTER_MASK);
  }

  private static void raise(long line, long counter, int count) {
    long word = wordOf(line, counter);
    long counts = RawMemory.getLong(word);
    if ((counts >>> shiftOf(counter) & COUNTER_MASK) < count) {
      long others = counts & ~(COUNTER_MASK << shiftOf(counter));
      RawMemory.putLong(word, others | (long) count << shiftOf(counter));
    }
  }

  private static long wordOf(long line, long counter) {
    return line + COUNTERS_AT + counter / COUNTERS_PER_WORD * Long.BYTES;
  }

  private static int shiftOf(long counter) {
    return (int) (counter % COUNTERS_PER_WORD) * COUNTER_BITS;
  }

  /** The high bits choose the line, the low ones the places in it. */
  private long line(long mixed) {
    return memory.address() + Math.unsignedMultiplyHigh(mixed, lines) * LINE_BYTES;
  }

  private static long mix(long hash) {
    long h = hash * 0x9e3779b97f4a7c15L;
    h = (h ^ (h >>> 32)) * 0xd6e8feb86659fd93L;
    return h ^ (h >>> 29);
  }

  long memoryBytes() {
    return memory.sizeBytes();
  }

  @Override
  public void close() {
    memory.close();
  }
}

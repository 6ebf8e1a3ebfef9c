package dev.emberkv.index;

import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Which records of the log are live: one bit per 32-byte granule of each used segment, outside of
 * the heap. Of a live record the bits of its first and its last granule are set; so a record has at
 * least two granules, and its length, which whoever declares it dead need not know, is the distance
 * to the next set bit. Why these are plain bits: docs/adr/0008-cleaning.md.
 *
 * <p>Thread-safe. Bits of neighbouring records share words, so they change by compare-and-set.
 * {@link #remove} counts for the one caller that clears the first bit; nobody else touches the last
 * one, so the pairs of other records stay whole. {@link #release} and {@link #close} are for the
 * owner, when no other call for the segment can be under way.
 */
public final class LiveBitmaps implements AutoCloseable {
  /** A sum that hardly ever comes, which the compiler cannot know. */
  private static final long NEVER = 0x9e3779b97f4a7c15L;

  /** The fewest granules of a record. */
  public static final int MIN_GRANULES = 2;

  private final int granulesPerSegment;
  private final int segmentShift;
  private final int bytesPerSegment;
  private final ReentrantLock growth = new ReentrantLock();
  private final AtomicLong used = new AtomicLong();
  private volatile AtomicReferenceArray<@Nullable Bits> segments = new AtomicReferenceArray<>(64);

  /** Keeps the touching loads alive: the compiler must not drop what has no other effect. */
  @SuppressWarnings("UnusedVariable")
  private long touched;

  /** The bits of one segment, and their sums. */
  private static final class Bits {
    /** In the middle of two cache lines, so that those of different segments share none. */
    private static final int SUMS = 8;

    final NativeMemory memory;

    private final AtomicLongArray sums = new AtomicLongArray(2 * SUMS);

    Bits(NativeMemory memory) {
      this.memory = memory;
    }

    static long sumsOf(int granules) {
      return (long) granules << Integer.SIZE | 1;
    }

    /** Returns the live records and, above them, their granules: one atomic change for both. */
    long sums() {
      return sums.get(SUMS);
    }

    void addSums(long change) {
      sums.addAndGet(SUMS, change);
    }
  }

  /**
   * Makes bitmaps for no segment yet.
   *
   * @param granulesPerSegment a power of two, at least 64
   */
  public LiveBitmaps(int granulesPerSegment) {
    if (granulesPerSegment < Long.SIZE || Integer.bitCount(granulesPerSegment) != 1) {
      throw new IllegalArgumentException(
          "granulesPerSegment must be a power of two from 64 on, not " + granulesPerSegment);
    }
    this.granulesPerSegment = granulesPerSegment;
    this.segmentShift = Integer.numberOfTrailingZeros(granulesPerSegment);
    this.bytesPerSegment = granulesPerSegment / Byte.SIZE;
  }

  /** Starts a use of a segment in which nothing is live yet. */
  public void open(int segment) {
    growth.lock();
    try {
      AtomicReferenceArray<@Nullable Bits> all = segments;
      if (segment >= all.length()) {
        AtomicReferenceArray<@Nullable Bits> wider =
            new AtomicReferenceArray<>(Math.max(segment + 1, 2 * all.length()));
        for (int i = 0; i < all.length(); i++) {
          wider.set(i, all.get(i));
        }
        all = wider;
      }
      assert all.get(segment) == null : "segment " + segment + " is in use";
      all.set(segment, new Bits(NativeMemory.reserveSmallPages(bytesPerSegment)));
      used.incrementAndGet();
      segments = all;
    } finally {
      growth.unlock();
    }
  }

  /** Ends the use of a segment and frees its bits. */
  public void release(int segment) {
    growth.lock();
    try {
      Bits bits = segments.getAndSet(segment, null);
      if (bits != null) {
        used.decrementAndGet();
        bits.memory.close();
      }
    } finally {
      growth.unlock();
    }
  }

  /**
   * Makes a record live.
   *
   * @param granule number of its first granule in the volume
   * @param granules how many it has, at least {@link #MIN_GRANULES}, all in one segment
   */
  public void add(long granule, int granules) {
    assert granules >= MIN_GRANULES : granules;
    int first = inSegment(granule);
    int last = first + granules - 1;
    assert last < granulesPerSegment : last;
    Bits bits = bits(granule);
    if (first >>> 6 == last >>> 6) {
      set(word(bits, first), 1L << first | 1L << last);
    } else {
      set(word(bits, last), 1L << last);
      set(word(bits, first), 1L << first);
    }
    bits.addSums(Bits.sumsOf(granules));
  }

  /**
   * Makes a record dead.
   *
   * @param granule number of its first granule in the volume
   * @return whether it was live; a second call for the same record changes nothing
   */
  public boolean remove(long granule) {
    Bits bits = bits(granule);
    int first = inSegment(granule);
    long word = word(bits, first);
    long bit = 1L << first;
    while (true) {
      long before = RawMemory.getLongAcquire(word);
      if ((before & bit) == 0) {
        return false;
      }
      // The next set bit is the record's last one, mostly in the same word.
      long above = before & -bit & ~bit;
      if (RawMemory.compareAndSetLong(word, before, before ^ bit ^ Long.lowestOneBit(above))) {
        int last =
            above == 0
                ? clearNext(bits, (first & -Long.SIZE) + Long.SIZE)
                : (first & -Long.SIZE) + Long.numberOfTrailingZeros(above);
        bits.addSums(-Bits.sumsOf(last - first + 1));
        return true;
      }
    }
  }

  /**
   * Makes some records dead, as {@link #remove} does with each; the cache misses overlap.
   *
   * @param granules their first granules, in the first {@code count} places
   */
  public void removeAll(long[] granules, int count) {
    long sum = 0;
    for (int i = 0; i < count; i++) {
      sum += RawMemory.getLong(word(bits(granules[i]), inSegment(granules[i])));
    }
    if (sum == NEVER) {
      touched = sum; // by chance, which does no harm: many threads come here, and share the line
    }
    for (int i = 0; i < count; i++) {
      remove(granules[i]);
    }
  }

  /**
   * Returns a way to make many records of a segment live while nobody else changes its bits.
   *
   * @param segment one that is in use and has no live records
   */
  public Filling fill(int segment) {
    return new Filling(of(segment));
  }

  /** Makes records of one segment live. Not thread-safe; others see them after {@link #publish}. */
  public static final class Filling {
    private final Bits bits;
    private final long firstWord;
    private long sums;

    private Filling(Bits bits) {
      this.bits = bits;
      this.firstWord = bits.memory.address();
    }

    /**
     * Makes a record live.
     *
     * @param first number of its first granule in the segment
     * @param granules how many it has, at least {@link #MIN_GRANULES}
     */
    public void add(int first, int granules) {
      assert granules >= MIN_GRANULES : granules;
      set(first);
      set(first + granules - 1);
      sums += Bits.sumsOf(granules);
    }

    private void set(int at) {
      long word = firstWord + (at >>> 6) * (long) Long.BYTES;
      RawMemory.putLong(word, RawMemory.getLong(word) | 1L << at);
    }

    /** Ends the filling. */
    public void publish() {
      bits.addSums(sums);
      sums = 0;
    }
  }

  /** Returns whether a live record starts at a granule. */
  public boolean contains(long granule) {
    Bits bits = bits(granule);
    int at = inSegment(granule);
    return (RawMemory.getLongAcquire(word(bits, at)) & 1L << at) != 0;
  }

  /**
   * Returns whether a live record starts or ends in a range of a segment.
   *
   * @param from first granule in the segment, a multiple of 64
   * @param to behind the last one, a multiple of 64
   */
  public boolean anyIn(int segment, int from, int to) {
    Bits bits = of(segment);
    for (int at = from; at < to; at += Long.SIZE) {
      if (RawMemory.getLongAcquire(word(bits, at)) != 0) {
        return true;
      }
    }
    return false;
  }

  /** Returns how many live records a segment has; 0 when it is not in use. */
  public long records(int segment) {
    Bits bits = ofOrNull(segment);
    return bits == null ? 0 : bits.sums() & 0xffff_ffffL;
  }

  /** Returns how many granules the live records of a segment have; 0 when it is not in use. */
  public long granules(int segment) {
    Bits bits = ofOrNull(segment);
    return bits == null ? 0 : bits.sums() >>> Integer.SIZE;
  }

  /** Returns the memory that the bitmaps take, in bytes. */
  public long memoryBytes() {
    return used.get() * bytesPerSegment;
  }

  private static void set(long word, long bits) {
    while (true) {
      long before = RawMemory.getLongAcquire(word);
      assert (before & bits) == 0 : "a granule is live already";
      if (RawMemory.compareAndSetLong(word, before, before | bits)) {
        return;
      }
    }
  }

  /** Clears the next set bit and returns where it was. */
  private int clearNext(Bits bits, int from) {
    for (int at = from; at < granulesPerSegment; at += Long.SIZE) {
      long word = word(bits, at);
      long before = RawMemory.getLongAcquire(word);
      while (before != 0) {
        if (RawMemory.compareAndSetLong(word, before, before & (before - 1))) {
          return at + Long.numberOfTrailingZeros(before);
        }
        before = RawMemory.getLongAcquire(word);
      }
    }
    throw new IllegalStateException("a live record has no end");
  }

  private static long word(Bits bits, int at) {
    return bits.memory.address() + (at >>> 6) * (long) Long.BYTES;
  }

  private int inSegment(long granule) {
    return (int) granule & (granulesPerSegment - 1);
  }

  private Bits bits(long granule) {
    return of((int) (granule >>> segmentShift));
  }

  private Bits of(int segment) {
    Bits bits = ofOrNull(segment);
    if (bits == null) {
      throw new IllegalStateException("segment " + segment + " is not in use");
    }
    return bits;
  }

  private @Nullable Bits ofOrNull(int segment) {
    AtomicReferenceArray<@Nullable Bits> all = segments;
    return segment < all.length() ? all.get(segment) : null;
  }

  @Override
  public void close() {
    for (int segment = 0; segment < segments.length(); segment++) {
      release(segment);
    }
  }
}

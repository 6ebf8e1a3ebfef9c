package dev.emberkv.index;

import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;
import java.util.concurrent.atomic.AtomicLong;
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
  /** The fewest granules of a record. */
  public static final int MIN_GRANULES = 2;

  private final int granulesPerSegment;
  private final int bytesPerSegment;
  private final ReentrantLock growth = new ReentrantLock();
  private final AtomicLong used = new AtomicLong();
  private volatile AtomicReferenceArray<@Nullable Bits> segments = new AtomicReferenceArray<>(64);

  /** The bits of one segment, and their sums. */
  private static final class Bits {
    final NativeMemory memory;

    /** Live records and, above them, their granules: one atomic change for both. */
    final AtomicLong sums = new AtomicLong();

    Bits(NativeMemory memory) {
      this.memory = memory;
    }

    static long sumsOf(int granules) {
      return (long) granules << Integer.SIZE | 1;
    }
  }

  /**
   * Makes bitmaps for no segment yet.
   *
   * @param granulesPerSegment a multiple of 64
   */
  public LiveBitmaps(int granulesPerSegment) {
    if (granulesPerSegment <= 0 || granulesPerSegment % Long.SIZE != 0) {
      throw new IllegalArgumentException(
          "granulesPerSegment must be a multiple of 64, not " + granulesPerSegment);
    }
    this.granulesPerSegment = granulesPerSegment;
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
    boolean lastWasClear = set(bits, last);
    boolean firstWasClear = set(bits, first);
    assert firstWasClear && lastWasClear : "granule " + granule + " is live already";
    bits.sums.addAndGet(Bits.sumsOf(granules));
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
    if (!clear(bits, first)) {
      return false;
    }
    int last = nextSet(bits, first + 1);
    boolean whole = last > first && clear(bits, last);
    assert whole : "granule " + granule + " is not the first of a record";
    bits.sums.addAndGet(-Bits.sumsOf(last - first + 1));
    return true;
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
      bits.sums.addAndGet(sums);
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
    return bits == null ? 0 : bits.sums.get() & 0xffff_ffffL;
  }

  /** Returns how many granules the live records of a segment have; 0 when it is not in use. */
  public long granules(int segment) {
    Bits bits = ofOrNull(segment);
    return bits == null ? 0 : bits.sums.get() >>> Integer.SIZE;
  }

  /** Returns the memory that the bitmaps take, in bytes. */
  public long memoryBytes() {
    return used.get() * bytesPerSegment;
  }

  private static boolean set(Bits bits, int at) {
    return change(word(bits, at), 1L << at, true);
  }

  private static boolean clear(Bits bits, int at) {
    return change(word(bits, at), 1L << at, false);
  }

  private static boolean change(long word, long bit, boolean toSet) {
    while (true) {
      long before = RawMemory.getLongAcquire(word);
      if ((before & bit) != 0 == toSet) {
        return false;
      }
      if (RawMemory.compareAndSetLong(word, before, before ^ bit)) {
        return true;
      }
    }
  }

  private int nextSet(Bits bits, int from) {
    for (int at = from; at < granulesPerSegment; at = (at & -Long.SIZE) + Long.SIZE) {
      long rest = RawMemory.getLongAcquire(word(bits, at)) >>> at;
      if (rest != 0) {
        return at + Long.numberOfTrailingZeros(rest);
      }
    }
    return -1;
  }

  private static long word(Bits bits, int at) {
    return bits.memory.address() + (at >>> 6) * (long) Long.BYTES;
  }

  private int inSegment(long granule) {
    return (int) (granule % granulesPerSegment);
  }

  private Bits bits(long granule) {
    return of((int) (granule / granulesPerSegment));
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

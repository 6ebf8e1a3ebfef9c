package dev.emberkv.index;

import dev.emberkv.uring.RawMemory;
import java.util.concurrent.atomic.LongAdder;

/**
 * The DRAM index of one table: from the 64-bit hash of a key to the {@linkplain Location location}
 * of its row, outside of the Java heap.
 *
 * <p>A flat array of one-line {@linkplain Bucket buckets} with linear probing over at most 16 of
 * them; the full key is in the row, not here, so a match may be of another key with the same tag
 * and the caller compares. An entry is 8 bytes, and at the loads that {@linkplain Directory growth}
 * keeps a key costs 10.5 to 11.9 bytes. See docs/adr/0003-index.md.
 *
 * <p>Reading, without a lock:
 *
 * <pre>{@code
 * do {
 *   home = index.home(hash);
 *   header = HashIndex.version(home);
 *   if (header == HashIndex.MOVED) continue;
 *   location = index.find(home, header, hash);
 *   while (location != NONE && !(the row at location has the key)) {
 *     location = index.findNext(home, header, hash, location);
 *   }
 *   copy the row
 * } while (!HashIndex.unchanged(home, header));
 * }</pre>
 *
 * Everything before {@code unchanged} said yes may be stale or torn. Entries that are another key's
 * but share the tag always have the same home, so one header covers all that a lookup compares.
 *
 * <p>Writing: {@link #lock}, changes of the home's entries and of their rows in DRAM, {@link
 * #unlock}. A thread holds at most one home's lock at a time and does not block while it does.
 *
 * <p>Thread-safe but for {@link #close}. Memory order: {@link HomeLock} for one home, {@link
 * Migration} for growth.
 */
public final class HashIndex implements AutoCloseable {
  /** Header of a home whose entries are elsewhere now: ask for the home again. */
  public static final long MOVED = Bucket.MOVED;

  private final Overflow overflow = new Overflow();
  private final Directory directory;
  private final LongAdder size = new LongAdder();

  private HashIndex(HashResolver resolver, Geometry first) {
    directory = new Directory(new Migration(resolver, overflow), first);
  }

  /**
   * Makes an empty index of one page of memory.
   *
   * @param resolver reads the hash of a row; asked for old, untouched entries only
   */
  public static HashIndex create(HashResolver resolver) {
    return new HashIndex(resolver, Geometry.START);
  }

  /**
   * Makes an empty index that takes a number of keys before it grows.
   *
   * @param resolver reads the hash of a row; asked for old, untouched entries only
   */
  public static HashIndex createFor(long keys, HashResolver resolver) {
    Geometry first = Geometry.START;
    while (first.buckets() * Bucket.SLOTS * Directory.GROWTH_LOAD < keys) {
      first = first.next();
    }
    return new HashIndex(resolver, first);
  }

  /** Returns the address of the header of the hash's home. It is stale once the header is moved. */
  public long home(long hash) {
    return directory.layout().homeOf(hash);
  }

  /** Returns the home's header once no writer is in it, or {@link #MOVED}. */
  public static long version(long home) {
    return HomeLock.awaitUnlocked(home);
  }

  /**
   * Returns the first location that may be the hash's, or {@link Location#NONE}.
   *
   * <p>What is done with a match is done before it is known whether there is one: a compiler that
   * has seen mostly misses, as while a table is loaded, would leave it out of line for good. The
   * entry may be empty by now if the home is changing.
   */
  public long find(long home, long header, long hash) {
    long wanted = hash << Bucket.tagBase(header);
    int mask = Bucket.matchMask(home, wanted);
    long entry = Bucket.matching(home, mask);
    long location = Entry.location(entry);
    if (mask != 0 && entry != Entry.EMPTY) {
      return location;
    }
    if (Bucket.isAlone(header)) {
      return Location.NONE;
    }
    return findDisplaced(home, header, wanted);
  }

  private long findDisplaced(long home, long header, long wanted) {
    long last = Bucket.lastBucket(home, header);
    for (long bucket = home + Bucket.BYTES; bucket <= last; bucket += Bucket.BYTES) {
      int mask = Bucket.matchMask(bucket, wanted);
      long entry = Bucket.matching(bucket, mask);
      long location = Entry.location(entry);
      if (mask != 0 && entry != Entry.EMPTY) {
        return location;
      }
    }
    if (Bucket.hasOverflow(header)) {
      for (long entry : overflow.get(home)) {
        if (Entry.matches(entry, wanted)) {
          return Entry.location(entry);
        }
      }
    }
    return Location.NONE;
  }

  /**
   * Returns the next location that may be the hash's, after one that was another key's, or {@link
   * Location#NONE}.
   */
  public long findNext(long home, long header, long hash, long previous) {
    long wanted = hash << Bucket.tagBase(header);
    long last = Bucket.lastBucket(home, header);
    boolean passed = false;
    for (long bucket = home; bucket <= last; bucket += Bucket.BYTES) {
      for (int slot = 1; slot <= Bucket.SLOTS; slot++) {
        long entry = Bucket.entry(bucket, slot);
        if (Entry.matches(entry, wanted)) {
          if (passed) {
            return Entry.location(entry);
          }
          passed = Entry.location(entry) == previous;
        }
      }
    }
    if (Bucket.hasOverflow(header)) {
      for (long entry : overflow.get(home)) {
        if (Entry.matches(entry, wanted)) {
          if (passed) {
            return Entry.location(entry);
          }
          passed = Entry.location(entry) == previous;
        }
      }
    }
    return Location.NONE;
  }

  /** Returns whether all that was read since {@code header} was loaded is consistent. */
  public static boolean unchanged(long home, long header) {
    return HomeLock.unchanged(home, header);
  }

  /** Returns the first match of a hash, of whatever key it is, or {@link Location#NONE}. */
  public long lookup(long hash) {
    while (true) {
      long home = home(hash);
      long header = version(home);
      if (header != MOVED) {
        long location = find(home, header, hash);
        if (unchanged(home, header)) {
          return location;
        }
      }
    }
  }

  /** Locks the home of a hash, which stays where it is until {@link #unlock}, and returns it. */
  public long lock(long hash) {
    while (true) {
      long home = home(hash);
      long header = version(home);
      if (header != MOVED && HomeLock.tryLock(home, header)) {
        return home;
      }
    }
  }

  /**
   * Locks a home if nothing was changed since {@code header} was loaded: what a reader has learned
   * about it without the lock still holds then.
   *
   * @param header from {@link #version}, not {@link #MOVED}
   */
  public static boolean tryLock(long home, long header) {
    return HomeLock.tryLock(home, header);
  }

  /** Unlocks a home after a change of its entries or of their rows. */
  public static void unlock(long home) {
    HomeLock.unlock(home);
  }

  /** Unlocks a home when nothing was changed, so that readers need not start over. */
  public static void unlockUnchanged(long home) {
    HomeLock.unlockUnchanged(home);
  }

  /** As {@link #find}, with the home locked. */
  public long findLocked(long home, long hash) {
    return find(home, RawMemory.getLong(home), hash);
  }

  /** As {@link #findNext}, with the home locked. */
  public long findNextLocked(long home, long hash, long previous) {
    return findNext(home, RawMemory.getLong(home), hash, previous);
  }

  /**
   * Adds an entry for a key that has none, with the home locked. Does a few buckets' worth of
   * growing first when the index is growing.
   *
   * @throws RuntimeException what the {@link HashResolver} threw, or that no address space is left;
   *     nothing was added then
   */
  public void insert(long home, long hash, long location) {
    directory.help(size.sum());
    insertUncounted(home, hash, location);
    size.increment();
  }

  /** Returns a way to add many entries from one thread; others may read and write meanwhile. */
  public Loading load() {
    return new Loading();
  }

  /**
   * Adds entries. What costs most when several threads insert is to count every entry where all can
   * see it, so here they are counted a few at a time. Not thread-safe.
   */
  public final class Loading implements AutoCloseable {
    /** So many inserts may be made before the index looks whether it has to grow. */
    private static final int UNCOUNTED = 16;

    private int added;

    private Loading() {}

    /** Adds an entry for a key that has none; see {@link HashIndex#insert}. */
    public void add(long hash, long location) {
      if (added == UNCOUNTED) {
        close();
      }
      long home = lock(hash);
      try {
        insertUncounted(home, hash, location);
      } finally {
        unlock(home);
      }
      added++;
    }

    /** Counts what was added. */
    @Override
    public void close() {
      size.add(added);
      added = 0;
      directory.help(size.sum());
    }
  }

  private void insertUncounted(long home, long hash, long location) {
    int base = Bucket.tagBase(RawMemory.getLong(home));
    BucketArray array = directory.arrayOfLocked(home);
    HomeEntries.insert(array, home, Entry.fresh(hash, base, location), overflow);
  }

  /**
   * Gives a key's entry another location, with the home locked.
   *
   * @return whether the key had an entry with {@code oldLocation}
   */
  public boolean replace(long home, long hash, long oldLocation, long newLocation) {
    int base = Bucket.tagBase(RawMemory.getLong(home));
    long entry = Entry.fresh(hash, base, newLocation);
    return HomeEntries.replace(home, hash << base, oldLocation, entry, overflow);
  }

  /**
   * Removes a key's entry, with the home locked.
   *
   * @return whether the key had an entry with {@code location}
   */
  public boolean remove(long home, long hash, long location) {
    int base = Bucket.tagBase(RawMemory.getLong(home));
    BucketArray array = directory.arrayOfLocked(home);
    boolean removed = HomeEntries.remove(home, hash << base, location, overflow, array);
    if (removed) {
      size.decrement();
    }
    return removed;
  }

  /** Locks the home, gives the key's entry another location if it has this one, and unlocks. */
  public boolean replaceIf(long hash, long oldLocation, long newLocation) {
    long home = lock(hash);
    boolean replaced = replace(home, hash, oldLocation, newLocation);
    if (replaced) {
      unlock(home);
    } else {
      unlockUnchanged(home);
    }
    return replaced;
  }

  /**
   * Makes a key's entry know as many hash bits as a new one. Entries lose one bit with every
   * doubling of the index; writing the location again brings them back.
   */
  public boolean refresh(long hash, long location) {
    return replaceIf(hash, location, location);
  }

  /**
   * Visits the entries in hash order while others read and write. An entry that is there from
   * before to after is visited once; one that comes, goes or changes in between once or not at all.
   */
  public void forEach(EntryVisitor visitor) {
    new EntryScan(directory, overflow).run(visitor);
  }

  /** Returns a walk over the entries that its caller makes step by step. */
  public EntryScan scan() {
    return new EntryScan(directory, overflow);
  }

  /** Returns the number of entries; exact when no writer is at work. */
  public long size() {
    return size.sum();
  }

  /** Returns the physical memory that the index takes, in bytes, without its few Java objects. */
  public long memoryBytes() {
    return directory.memoryBytes();
  }

  /** Returns the number of finished growths. */
  public long growths() {
    return directory.growths();
  }

  /** Returns how many entries growth had to resolve by reading their rows. */
  public long resolvedEntries() {
    return directory.resolved();
  }

  /**
   * Returns how many entries are on the heap because their window is full; 0 but for odd hashes.
   */
  public long overflowEntries() {
    return overflow.size();
  }

  /** Frees all memory. No thread may use the index, or an address from it, any more. */
  @Override
  public void close() {
    directory.close();
  }
}

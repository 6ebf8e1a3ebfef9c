package dev.emberkv.index;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * The entries that found no slot in the window of their home, on the Java heap.
 *
 * <p>With uniform hashes this is empty but for a handful of entries at the very worst moments: a
 * window has 112 slots, and {@link Displacement} fills them evenly. It exists so that an insert
 * cannot fail, and a migration cannot get stuck, whatever the hashes are and whoever else holds the
 * locks that moving entries would take.
 *
 * <p>Thread-safe. The entries of one home are changed only by the holder of the home's lock, and
 * its header has {@link Bucket#OVERFLOW} set while there are any; a reader validates what it found
 * here with the header like any other entry. Home addresses are never used twice by one index.
 */
final class Overflow {
  private static final long[] NOTHING = {};

  private final Map<Long, long[]> entriesByHome = new HashMap<>();
  private int size;

  /** Returns the entries of a home, to be read only. */
  synchronized long[] get(long home) {
    return entriesByHome.getOrDefault(home, NOTHING);
  }

  synchronized void add(long home, long entry) {
    long[] old = get(home);
    long[] grown = Arrays.copyOf(old, old.length + 1);
    grown[old.length] = entry;
    entriesByHome.put(home, grown);
    size++;
  }

  synchronized void replace(long home, long oldEntry, long newEntry) {
    long[] copy = get(home).clone();
    copy[indexOf(copy, oldEntry)] = newEntry;
    entriesByHome.put(home, copy);
  }

  /** Removes an entry and returns whether it was the last one of its home. */
  synchronized boolean remove(long home, long entry) {
    long[] old = get(home);
    long[] shorter = Arrays.copyOf(old, old.length - 1);
    int index = indexOf(old, entry);
    if (index < shorter.length) {
      shorter[index] = old[shorter.length];
    }
    size--;
    if (shorter.length == 0) {
      entriesByHome.remove(home);
      return true;
    }
    entriesByHome.put(home, shorter);
    return false;
  }

  synchronized void removeAll(long home) {
    long[] removed = entriesByHome.remove(home);
    size -= removed == null ? 0 : removed.length;
  }

  /** Returns the number of entries of all homes. */
  synchronized int size() {
    return size;
  }

  private static int indexOf(long[] entries, long entry) {
    for (int i = 0; i < entries.length; i++) {
      if (entries[i] == entry) {
        return i;
      }
    }
    throw new IllegalStateException("entry %x is not in the overflow of its home".formatted(entry));
  }
}

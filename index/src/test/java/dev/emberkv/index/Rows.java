package dev.emberkv.index;

/**
 * Stands in for the rows behind an index: location g holds the key whose hash is {@code hashes[g]}.
 */
final class Rows implements HashResolver {
  private final long[] hashes;
  private int used;
  private int resolved;

  Rows(int capacity) {
    hashes = new long[capacity];
  }

  /** Makes a row and returns its location; every third one is in DRAM. */
  long add(long hash) {
    hashes[used] = hash;
    long granule = used++;
    return granule % 3 == 0 ? Location.dram(granule) : Location.cold(granule);
  }

  long hashAt(long location) {
    return hashes[(int) Location.granule(location)];
  }

  /** Returns how often the index has asked. */
  int resolved() {
    return resolved;
  }

  @Override
  public long hashOf(long location) {
    resolved++;
    return hashAt(location);
  }

  /** Finds the location of a hash as the engine does: false positives are compared away. */
  long find(HashIndex index, long hash) {
    long home = index.home(hash);
    long header = HashIndex.version(home);
    long location = index.find(home, header, hash);
    while (location != Location.NONE && hashAt(location) != hash) {
      location = index.findNext(home, header, hash, location);
    }
    return location;
  }

  /** Inserts a hash and returns its location. */
  long insert(HashIndex index, long hash) {
    long location = add(hash);
    long home = index.lock(hash);
    index.insert(home, hash, location);
    HashIndex.unlock(home);
    return location;
  }

  boolean remove(HashIndex index, long hash, long location) {
    long home = index.lock(hash);
    boolean removed = index.remove(home, hash, location);
    HashIndex.unlock(home);
    return removed;
  }
}

package dev.emberkv.index.races;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;

import dev.emberkv.index.HashIndex;
import dev.emberkv.index.KeyHash;
import dev.emberkv.index.Location;
import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.JJ_Result;
import org.openjdk.jcstress.infra.results.J_Result;
import org.openjdk.jcstress.infra.results.ZJZ_Result;
import org.openjdk.jcstress.infra.results.ZZZ_Result;

/**
 * Two-thread races on the index, for jcstress; {@link HashIndexRacesTest} runs them.
 *
 * <p>All but the growth tests share one index and one arena of rows, so that the states of a run
 * are each other's neighbours. A row is 32 bytes: key, value, value again, unused. The outcomes
 * that are listed are all that may happen.
 */
public final class HashIndexRaces {
  private static final long SEED = 0x5eed;
  private static final int ROWS = 1 << 20;
  private static final NativeMemory ARENA = NativeMemory.reserve((long) ROWS * 32);
  private static final AtomicLong IDS = new AtomicLong(1);
  private static final HashIndex SHARED = HashIndex.create(HashIndexRaces::hashOfRow);

  private HashIndexRaces() {}

  private static long hash(long id) {
    return KeyHash.ofId(id, SEED);
  }

  private static long hashOfRow(long location) {
    return hash(RawMemory.getLong(address(location)));
  }

  private static long address(long location) {
    return ARENA.address() + Location.granule(location) * Location.GRANULE_BYTES;
  }

  private static long rowOf(long id) {
    return Location.dram(id & (ROWS - 1));
  }

  private static void write(long location, long key, long value) {
    long address = address(location);
    RawMemory.putLong(address, key);
    RawMemory.putLong(address + 8, value);
    RawMemory.putLong(address + 16, value);
  }

  private static void insert(long id, long location, long value) {
    long home = SHARED.lock(hash(id));
    write(location, id, value);
    SHARED.insert(home, hash(id), location);
    HashIndex.unlock(home);
  }

  private static boolean remove(long id, long location) {
    long home = SHARED.lock(hash(id));
    boolean removed = SHARED.remove(home, hash(id), location);
    HashIndex.unlock(home);
    return removed;
  }

  /** Returns both copies of the value of a key as one reader sees them, or -1 twice. */
  private static void read(long id, JJ_Result result) {
    while (true) {
      long home = SHARED.home(hash(id));
      long header = HashIndex.version(home);
      if (header == HashIndex.MOVED) {
        continue;
      }
      long location = SHARED.find(home, header, hash(id));
      while (location != Location.NONE && RawMemory.getLong(address(location)) != id) {
        location = SHARED.findNext(home, header, hash(id), location);
      }
      if (location == Location.NONE) {
        result.r1 = -1;
        result.r2 = -1;
      } else {
        result.r1 = RawMemory.getLong(address(location) + 8);
        result.r2 = RawMemory.getLong(address(location) + 16);
      }
      if (HashIndex.unchanged(home, header)) {
        return;
      }
    }
  }

  /** A row is overwritten in place while it is read. */
  @JCStressTest
  @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "before the update")
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "after the update")
  @State
  public static class ReadAndUpdate {
    private final long id = IDS.getAndIncrement();

    /** Inserts the row. */
    public ReadAndUpdate() {
      insert(id, rowOf(id), 0);
    }

    /** Overwrites the row under its home's lock. */
    @Actor
    public void update() {
      long home = SHARED.lock(hash(id));
      write(rowOf(id), id, 1);
      HashIndex.unlock(home);
    }

    /** Reads it. */
    @Actor
    public void read(JJ_Result result) {
      HashIndexRaces.read(id, result);
    }

    /** Makes room for the next state. */
    @Arbiter
    public void clear(JJ_Result result) {
      remove(id, rowOf(id));
    }
  }

  /** A key is removed and its row becomes another key's while it is read. */
  @JCStressTest
  @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "before the removal")
  @Outcome(id = "-1, -1", expect = ACCEPTABLE, desc = "after the removal")
  @State
  public static class ReadAndReuse {
    private final long id = IDS.getAndAdd(2);

    /** Inserts the row. */
    public ReadAndReuse() {
      insert(id, rowOf(id), 0);
    }

    /** Removes the key and gives its row to another. */
    @Actor
    public void reuse() {
      remove(id, rowOf(id));
      insert(id + 1, rowOf(id), 1);
    }

    /** Reads the first key. */
    @Actor
    public void read(JJ_Result result) {
      HashIndexRaces.read(id, result);
    }

    /** Makes room for the next state. */
    @Arbiter
    public void clear(JJ_Result result) {
      remove(id + 1, rowOf(id));
    }
  }

  /** Returns which of two locations a key has, 1 or 2; -1 when it has neither. */
  private static long which(long home, long hash, long firstGranule) {
    long location = SHARED.findLocked(home, hash);
    while (location != Location.NONE && ((location - firstGranule) & -2) != 0) {
      location = SHARED.findNextLocked(home, hash, location);
    }
    return location == Location.NONE ? -1 : 1 + location - firstGranule;
  }

  /** Two keys of one home are inserted at once. */
  @JCStressTest
  @Outcome(id = "true, true, true", expect = ACCEPTABLE, desc = "both are there")
  @State
  public static class InsertAndInsertAtOneHome {
    private final long id = IDS.getAndIncrement();
    private final long hash = hash(id) & -2;

    /** Inserts the first key. */
    @Actor
    public void first() {
      insert(hash, 2 * id);
    }

    /** Inserts the second, which differs from it in the last bit only. */
    @Actor
    public void second() {
      insert(hash | 1, 2 * id + 1);
    }

    private static void insert(long hash, long granule) {
      long home = SHARED.lock(hash);
      SHARED.insert(home, hash, Location.cold(granule));
      HashIndex.unlock(home);
    }

    /** Removes both and looks for what is left. */
    @Arbiter
    public void check(ZZZ_Result result) {
      long home = SHARED.lock(hash);
      result.r1 = SHARED.remove(home, hash, Location.cold(2 * id));
      result.r2 = SHARED.remove(home, hash, Location.cold(2 * id + 1));
      result.r3 = which(home, hash, 2 * id) == -1;
      HashIndex.unlock(home);
    }
  }

  /** A row is moved, as by compaction, while its key is removed. */
  @JCStressTest
  @Outcome(id = "true, 2, true", expect = ACCEPTABLE, desc = "moved, then removed")
  @Outcome(id = "false, 1, true", expect = ACCEPTABLE, desc = "removed, then nothing to move")
  @State
  public static class MoveAndRemove {
    private final long id = IDS.getAndIncrement();
    private final long hash = hash(id);

    /** Inserts the key. */
    public MoveAndRemove() {
      long home = SHARED.lock(hash);
      SHARED.insert(home, hash, Location.cold(2 * id));
      HashIndex.unlock(home);
    }

    /** Gives the key another location if it has the first. */
    @Actor
    public void move(ZJZ_Result result) {
      result.r1 = SHARED.replaceIf(hash, Location.cold(2 * id), Location.cold(2 * id + 1));
    }

    /** Removes the key, wherever it is. */
    @Actor
    public void remove(ZJZ_Result result) {
      long home = SHARED.lock(hash);
      long which = which(home, hash, 2 * id);
      boolean removed = SHARED.remove(home, hash, Location.cold(2 * id + which - 1));
      result.r2 = removed ? which : -1;
      HashIndex.unlock(home);
    }

    /** Looks for what is left. */
    @Arbiter
    public void check(ZJZ_Result result) {
      long home = SHARED.lock(hash);
      result.r3 = which(home, hash, 2 * id) == -1;
      HashIndex.unlockUnchanged(home);
    }
  }

  /** A key that is there throughout is looked up while the whole index moves to a new array. */
  @JCStressTest
  @Outcome(id = "7", expect = ACCEPTABLE, desc = "found")
  @State
  public static class ReadAndGrow {
    private static final int BEFORE = 290;
    private static final int MORE = 30;

    private final HashIndex index = HashIndex.create(location -> 0);
    private final long first = IDS.getAndAdd(BEFORE + MORE);

    /** Fills the index to where it begins to grow. */
    public ReadAndGrow() {
      for (int i = 0; i < BEFORE; i++) {
        insert(i);
      }
    }

    private void insert(int i) {
      long home = index.lock(hash(first + i));
      index.insert(home, hash(first + i), Location.cold(i));
      HashIndex.unlock(home);
    }

    /** Returns the granule of a key's row, -1 when the key is not there. */
    long granuleOf(long id) {
      while (true) {
        long home = index.home(hash(id));
        long header = HashIndex.version(home);
        if (header == HashIndex.MOVED) {
          continue;
        }
        long location = index.find(home, header, hash(id));
        while (location != Location.NONE && idAt(location) != id) {
          location = index.findNext(home, header, hash(id), location);
        }
        if (HashIndex.unchanged(home, header)) {
          return location == Location.NONE ? -1 : Location.granule(location);
        }
      }
    }

    /** Stands in for the key in the row: those in DRAM are the key that is added later. */
    private long idAt(long location) {
      return Location.isDram(location) ? -first : first + Location.granule(location);
    }

    /** Makes it grow from beginning to end. */
    @Actor
    public void grow() {
      for (int i = BEFORE; i < BEFORE + MORE; i++) {
        insert(i);
      }
    }

    /** Looks a key up a few times. */
    @Actor
    public void read(J_Result result) {
      result.r1 = 7;
      for (int i = 0; i < 50 && result.r1 == 7; i++) {
        result.r1 = granuleOf(first + 7);
      }
    }

    /** Frees the index, which has grown. */
    @Arbiter
    public void close(J_Result result) {
      if (index.growths() != 1) {
        result.r1 = -2;
      }
      index.close();
    }
  }

  /** A key is removed and inserted again elsewhere while the whole index moves to a new array. */
  @JCStressTest
  @Outcome(id = "2, -1", expect = ACCEPTABLE, desc = "one is there, the other is not")
  @State
  public static class ChangeAndGrow {
    private final ReadAndGrow growing = new ReadAndGrow();

    /** Makes it grow from beginning to end. */
    @Actor
    public void grow() {
      growing.grow();
    }

    /** Inserts a key, moves it, and removes another. */
    @Actor
    public void change() {
      HashIndex index = growing.index;
      long added = hash(-growing.first);
      long home = index.lock(added);
      index.insert(home, added, Location.dram(1));
      HashIndex.unlock(home);
      index.replaceIf(added, Location.dram(1), Location.dram(2));
      long removed = hash(growing.first + 7);
      home = index.lock(removed);
      index.remove(home, removed, Location.cold(7));
      HashIndex.unlock(home);
    }

    /** Looks both up. */
    @Arbiter
    public void check(JJ_Result result) {
      result.r1 = growing.granuleOf(-growing.first);
      result.r2 = growing.granuleOf(growing.first + 7);
      growing.index.close();
    }
  }
}

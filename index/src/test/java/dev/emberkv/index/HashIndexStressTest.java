package dev.emberkv.index;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Writers insert, overwrite, move and remove keys while readers check rows and a scan counts them,
 * over many growths.
 *
 * <p>A row is 32 bytes: key, value, value again, unused. Ids are writer + n * WRITERS; those below
 * {@link #STABLE} are never removed and must be found at any time.
 */
class HashIndexStressTest {
  private static final int WRITERS = 3;
  private static final int READERS = 3;
  private static final int STABLE = 3000;
  private static final int ROWS_PER_WRITER = 1 << 19;

  private final long seed = new Random().nextLong();
  private final NativeMemory arena = NativeMemory.reserve(32L * WRITERS * ROWS_PER_WRITER);
  private final HashIndex index = HashIndex.create(location -> hash(rowKey(location)));
  private final AtomicLong reads = new AtomicLong();

  @Test
  void readersSeeWholeRowsAndNeverMissAKeyThatIsThere() throws Exception {
    run(Duration.ofSeconds(4));
  }

  @Test
  @Tag("long")
  void readersSeeWholeRowsAndNeverMissAKeyThatIsThereForMinutes() throws Exception {
    run(Duration.ofMinutes(3));
  }

  private void run(Duration duration) throws Exception {
    System.out.println("HashIndexStressTest: seed " + seed);
    long end = System.nanoTime() + duration.toNanos();
    // given keys that stay
    for (long id = 0; id < STABLE; id++) {
      insert(id, Location.dram(id % WRITERS * ROWS_PER_WRITER + id / WRITERS), 0);
    }
    // when all run at once
    try (ExecutorService threads = Executors.newFixedThreadPool(WRITERS + READERS + 1)) {
      List<Callable<Void>> work = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        int writer = i;
        work.add(() -> new Writer(writer).run(end));
      }
      for (int i = 0; i < READERS; i++) {
        int reader = i;
        work.add(() -> readUntil(end, new SplittableRandom(seed + 100 + reader)));
      }
      work.add(() -> scanUntil(end));
      for (Future<Void> result : threads.invokeAll(work)) {
        result.get();
      }
    }
    // then they have met, and the index grew
    System.out.printf(
        "HashIndexStressTest: %,d reads, %,d keys, %d growths, %d overflowing%n",
        reads.get(), index.size(), index.growths(), index.overflowEntries());
    assertThat(reads.get()).isPositive();
    assertThat(index.growths()).isGreaterThan(30);
    index.close();
    arena.close();
  }

  private long hash(long id) {
    return KeyHash.ofId(id, seed);
  }

  private long address(long location) {
    return arena.address() + Location.granule(location) * 32;
  }

  private long rowKey(long location) {
    return RawMemory.getLong(address(location));
  }

  private void write(long location, long id, long value) {
    RawMemory.putLong(address(location), id);
    RawMemory.putLong(address(location) + 8, value);
    RawMemory.putLong(address(location) + 16, value);
  }

  private void insert(long id, long location, long value) {
    long home = index.lock(hash(id));
    write(location, id, value);
    index.insert(home, hash(id), location);
    HashIndex.unlock(home);
  }

  /** Returns the value of a key, or -1 when it is not there. */
  private long read(long id) {
    while (true) {
      long home = index.home(hash(id));
      long header = HashIndex.version(home);
      if (header == HashIndex.MOVED) {
        continue;
      }
      long location = index.find(home, header, hash(id));
      while (location != Location.NONE && rowKey(location) != id) {
        location = index.findNext(home, header, hash(id), location);
      }
      long value = -1;
      long again = -1;
      if (location != Location.NONE) {
        value = RawMemory.getLong(address(location) + 8);
        again = RawMemory.getLong(address(location) + 16);
      }
      if (HashIndex.unchanged(home, header)) {
        if (value != again) {
          throw new AssertionError("row of key %d is torn: %d, %d".formatted(id, value, again));
        }
        return value;
      }
    }
  }

  private Void readUntil(long end, SplittableRandom random) {
    long count = 0;
    for (; System.nanoTime() < end; count++) {
      boolean stable = random.nextBoolean();
      long id = random.nextLong(stable ? STABLE : 300_000);
      long value = read(id);
      if (value == -1 && id < STABLE) {
        throw new AssertionError("key %d is there and was not found".formatted(id));
      }
      if (value != -1 && value % 1_000_000 != (value == 0 ? 0 : id)) {
        throw new AssertionError("key %d has another key's value %d".formatted(id, value));
      }
    }
    reads.addAndGet(count);
    return null;
  }

  private Void scanUntil(long end) {
    while (System.nanoTime() < end) {
      int[] seen = new int[STABLE];
      index.forEach((hash, known, location) -> {
        long id = rowKey(location);
        // The row may be another's by now: only a key with this hash is counted.
        if (id < STABLE && (hash(id) ^ hash) >>> -known == 0) {
          seen[(int) id]++;
        }
      });
      for (int id = 0; id < STABLE; id++) {
        // A stable key may change its row during the scan, and its old one be another's then.
        if (seen[id] > 1) {
          throw new AssertionError("key %d was visited %d times".formatted(id, seen[id]));
        }
      }
    }
    return null;
  }

  /** Owns the ids that are {@code writer} modulo the number of writers, and their rows. */
  private final class Writer {
    private final int writer;
    private final SplittableRandom random;
    private final long[] rowOfId = new long[100_000];
    private final int[] free = new int[ROWS_PER_WRITER];
    private int freeCount;
    private long serial = 1;

    Writer(int writer) {
      this.writer = writer;
      random = new SplittableRandom(seed + writer);
      for (int i = ROWS_PER_WRITER - 1; i >= STABLE / WRITERS; i--) {
        free[freeCount++] = i;
      }
      for (int i = 0; i < rowOfId.length; i++) {
        rowOfId[i] = i < STABLE / WRITERS ? i : -1;
      }
    }

    Void run(long end) {
      // The range of ids opens slowly, so that there is a growth at any time.
      for (long step = 0; System.nanoTime() < end; step++) {
        int bound = (int) Math.min(rowOfId.length, STABLE / WRITERS + 1 + step / 8);
        int n = random.nextInt(bound);
        long id = (long) n * WRITERS + writer;
        int dice = random.nextInt(10);
        if (rowOfId[n] < 0) {
          rowOfId[n] = free[--freeCount];
          insert(id, location(n), value(id));
        } else if (dice < 2 && id >= STABLE) {
          remove(n, id);
        } else if (dice < 5) {
          move(n, id);
        } else {
          overwrite(n, id);
        }
      }
      return null;
    }

    private long location(int n) {
      return Location.dram((long) writer * ROWS_PER_WRITER + rowOfId[n]);
    }

    private long value(long id) {
      return serial++ * 1_000_000 + id;
    }

    private void remove(int n, long id) {
      long home = index.lock(hash(id));
      boolean removed = index.remove(home, hash(id), location(n));
      HashIndex.unlock(home);
      require(removed, id);
      free[freeCount++] = (int) rowOfId[n];
      rowOfId[n] = -1;
    }

    private void move(int n, long id) {
      long old = location(n);
      int freed = (int) rowOfId[n];
      rowOfId[n] = free[--freeCount];
      write(location(n), id, value(id));
      require(index.replaceIf(hash(id), old, location(n)), id);
      free[freeCount++] = freed;
    }

    private void overwrite(int n, long id) {
      long home = index.lock(hash(id));
      long found = index.findLocked(home, hash(id));
      while (found != Location.NONE && found != location(n)) {
        found = index.findNextLocked(home, hash(id), found);
      }
      write(location(n), id, value(id));
      HashIndex.unlock(home);
      require(found == location(n), id);
    }

    private void require(boolean condition, long id) {
      if (!condition) {
        throw new AssertionError("the entry of key %d is not where it was put".formatted(id));
      }
    }
  }
}

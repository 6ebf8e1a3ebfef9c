package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.compaction.LogOptions;
import dev.emberkv.simulation.SimulatedDisk;
import dev.emberkv.uring.Errno;
import dev.emberkv.uring.IoFailure;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Power failures at any moment under two writers and a thread that flushes, on a disk that keeps
 * what it likes of what was not synced, torn between sectors; and again while the store recovers.
 *
 * <p>{@code -Dseed=N} runs one of the seeds again.
 */
class StorePowerLossTest {
  private static final int LIVES = 2;
  private static final List<Durability> DURABILITIES = List.of(Durability.values());

  @TempDir private Path directory;

  @Test
  void everythingAcknowledgedAndOnlyWholeBatchesSurvive() {
    runMany(300);
  }

  @Test
  @Tag("long")
  void everythingAcknowledgedAndOnlyWholeBatchesSurviveManyFailures() {
    runMany(10_000);
  }

  private void runMany(int runs) {
    Long only = Long.getLong("seed");
    if (only != null) {
      run(only);
      return;
    }
    long first = System.nanoTime();
    for (int i = 0; i < runs; i++) {
      long seed = first + i;
      try {
        run(seed);
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("-Dseed=" + seed, e);
      }
    }
  }

  private void run(long seed) {
    Random random = new Random(seed);
    Durability durability = DURABILITIES.get(random.nextInt(3));
    SimulatedDisk disk = new SimulatedDisk(random.nextLong());
    int[] survivors = new int[CrashWorkload.KEYS];
    AtomicInteger ids = new AtomicInteger();
    for (int life = 0; life < LIVES; life++) {
      CrashOracle oracle = new CrashOracle(durability, survivors);
      disk = live(disk, durability, seed, random, ids, oracle);
      if (random.nextInt(8) == 0) {
        int[] expected = open(disk.copy(1), durability);
        crashAtEveryStepOfRecovery(disk, durability, expected);
      }
      survivors = open(disk, durability);
      oracle.check(survivors);
    }
  }

  private Store openStore(SimulatedDisk disk, Durability durability) {
    StoreOptions options =
        StoreOptions.of(directory)
            .withMemoryBytes(CrashWorkload.MEMORY_BYTES)
            .withDurability(durability);
    return EmberStore.open(
        options, () -> disk, log -> log.withSegmentBytes(LogOptions.MIN_SEGMENT_BYTES));
  }

  /** Opens a store, reads it, and closes it in good order. */
  private int[] open(SimulatedDisk disk, Durability durability) {
    try (Store store = openStore(disk, durability)) {
      return CrashWorkload.read(store);
    }
  }

  /** Lets writers at a store until the power is gone, and returns the disk that is found then. */
  private SimulatedDisk live(
      SimulatedDisk disk,
      Durability durability,
      long seed,
      Random random,
      AtomicInteger ids,
      CrashOracle oracle) {
    SimulatedDisk crashed = disk;
    try (Store store = openStore(disk, durability)) {
      CrashWorkload.table(store);
      disk.withPowerFor(random.nextInt(random.nextBoolean() ? 20 : 150));
      int last = ids.get() + 40 + random.nextInt(200);
      int flushes = random.nextBoolean() ? Integer.MAX_VALUE : random.nextInt(10);
      long flushPauseNanos = 1L << random.nextInt(22);
      Thread[] writers = new Thread[2];
      Queue<Throwable> problems = new ConcurrentLinkedQueue<>();
      for (int i = 0; i < writers.length; i++) {
        writers[i] =
            Thread.ofPlatform().start(() -> write(store, seed, ids, last, oracle, problems));
      }
      try {
        while (flushes-- > 0 && (writers[0].isAlive() || writers[1].isAlive())) {
          oracle.flushBegun();
          store.flush();
          oracle.flushEnded();
          LockSupport.parkNanos(flushPauseNanos);
        }
      } catch (IoFailure e) {
        assertThat(e).hasMessageContaining("EIO").hasMessageContaining("volume-0.ember");
      } finally {
        for (Thread writer : writers) {
          writer.join();
        }
      }
      assertThat(problems).isEmpty();
      crashed = disk.afterCrash(random.nextLong());
      disk.withPowerFor(0);
    } catch (IoFailure e) {
      assertThat(e).hasMessageContaining("EIO");
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    return crashed;
  }

  private static void write(
      Store store,
      long seed,
      AtomicInteger ids,
      int last,
      CrashOracle oracle,
      Queue<Throwable> problems) {
    try {
      for (int id = ids.incrementAndGet(); id <= last; id = ids.incrementAndGet()) {
        CrashWorkload.Batch batch = CrashWorkload.batch(seed, id);
        oracle.begun(batch);
        CrashWorkload.apply(store, batch);
        oracle.ended(batch);
      }
    } catch (IoFailure e) {
      if (e.errno() != Errno.EIO) {
        problems.add(e);
      }
    } catch (RuntimeException e) {
      problems.add(e);
    }
  }

  /** Cuts the power after each write and sync that opening and closing does, and opens again. */
  private void crashAtEveryStepOfRecovery(
      SimulatedDisk crashed, Durability durability, int[] expected) {
    boolean whole = false;
    for (int steps = 0; !whole; steps++) {
      SimulatedDisk disk = crashed.copy(steps).withPowerFor(steps);
      try {
        open(disk, durability);
        whole = true;
      } catch (IoFailure e) {
        assertThat(e).hasMessageContaining("EIO");
      }
      assertThat(open(disk.afterCrash(steps), durability))
          .as("after a failure at step %d of the recovery", steps)
          .isEqualTo(expected);
    }
  }
}

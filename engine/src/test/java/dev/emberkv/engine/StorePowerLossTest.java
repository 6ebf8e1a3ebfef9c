package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.compaction.LogOptions;
import dev.emberkv.compaction.StoreFullException;
import dev.emberkv.simulation.SimulatedDisk;
import dev.emberkv.uring.Errno;
import dev.emberkv.uring.IoFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
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

  /**
   * What the store is like.
   *
   * @param diskLimitBytes how large its log may grow
   * @param operations how many writes and syncs the disk does before the power goes, at most
   */
  private record Setting(List<Durability> durabilities, long diskLimitBytes, int operations) {
    Durability choose(Random random) {
      return durabilities.get(random.nextInt(durabilities.size()));
    }
  }

  private static final Setting ROOMY = new Setting(List.of(Durability.values()), 1L << 40, 150);

  /**
   * Cleaning flushes, so with it a store in the third mode may be at a later checkpoint than the
   * test's own.
   */
  private static final Setting NEARLY_FULL =
      new Setting(List.of(Durability.ALWAYS, Durability.EVERYSEC), 13L << 20, 4000);

  @TempDir private Path directory;

  @Test
  void everythingAcknowledgedAndOnlyWholeBatchesSurvive() {
    runMany(300, ROOMY);
  }

  @Test
  @Tag("long")
  void everythingAcknowledgedAndOnlyWholeBatchesSurviveManyFailures() {
    runMany(10_000, ROOMY);
  }

  @Test
  void theSameHoldsForAStoreThatIsNearlyFullAndCleanedAllTheTime() {
    runMany(30, NEARLY_FULL);
  }

  @Test
  @Tag("long")
  void theSameHoldsForAStoreThatIsNearlyFullManyTimes() {
    runMany(1000, NEARLY_FULL);
  }

  private void runMany(int runs, Setting setting) {
    Long only = Long.getLong("seed");
    if (only != null) {
      run(only, setting);
      return;
    }
    long first = System.nanoTime();
    for (int i = 0; i < runs; i++) {
      long seed = first + i;
      try {
        run(seed, setting);
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("-Dseed=" + seed, e);
      }
    }
  }

  private void run(long seed, Setting setting) {
    Random random = new Random(seed);
    Durability durability = setting.choose(random);
    SimulatedDisk disk = new SimulatedDisk(random.nextLong());
    int[] survivors = new int[CrashWorkload.KEYS];
    AtomicInteger ids = new AtomicInteger();
    for (int life = 0; life < LIVES; life++) {
      CrashOracle oracle = new CrashOracle(durability, survivors);
      disk = live(disk, setting, durability, seed, random, ids, oracle);
      if (random.nextInt(8) == 0) {
        int[] expected = open(disk.copy(1), setting, durability);
        crashAtEveryStepOfRecovery(disk, setting, durability, expected);
      }
      int[] fromLogAlone =
          random.nextInt(4) == 0 ? openWithoutCatalog(disk.copy(2), setting, durability) : null;
      survivors = open(disk, setting, durability);
      oracle.check(survivors);
      if (fromLogAlone != null) {
        assertThat(fromLogAlone).as("from the log alone").isEqualTo(survivors);
      }
    }
  }

  private Store openStore(SimulatedDisk disk, Setting setting, Durability durability) {
    return openStore(directory, disk, setting, durability);
  }

  private static Store openStore(
      Path directory, SimulatedDisk disk, Setting setting, Durability durability) {
    StoreOptions options =
        StoreOptions.of(directory)
            .withMemoryBytes(CrashWorkload.MEMORY_BYTES)
            .withDurability(durability);
    return EmberStore.open(
        options,
        () -> disk,
        log ->
            log.withSegmentBytes(LogOptions.MIN_SEGMENT_BYTES)
                .withDiskLimitBytes(setting.diskLimitBytes));
  }

  /** Opens a store, reads it, and closes it in good order. */
  private int[] open(SimulatedDisk disk, Setting setting, Durability durability) {
    try (Store store = openStore(disk, setting, durability)) {
      return CrashWorkload.read(store);
    }
  }

  /** Does the same where the catalog with its checkpoints is lost. */
  private static int[] openWithoutCatalog(
      SimulatedDisk disk, Setting setting, Durability durability) {
    try {
      Path elsewhere = Files.createTempDirectory("emberkv-without-catalog");
      try (Store store = openStore(elsewhere, disk, setting, durability)) {
        return CrashWorkload.read(store);
      } finally {
        try (Stream<Path> files = Files.list(elsewhere)) {
          for (Path file : files.toList()) {
            Files.delete(file);
          }
        }
        Files.delete(elsewhere);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Lets writers at a store until the power is gone, and returns the disk that is found then. */
  private SimulatedDisk live(
      SimulatedDisk disk,
      Setting setting,
      Durability durability,
      long seed,
      Random random,
      AtomicInteger ids,
      CrashOracle oracle) {
    SimulatedDisk crashed = disk;
    try (Store store = openStore(disk, setting, durability)) {
      CrashWorkload.table(store);
      disk.withPowerFor(random.nextInt(random.nextBoolean() ? 20 : setting.operations));
      int last = ids.get() + 40 + random.nextInt(200);
      int flushes = random.nextBoolean() ? Integer.MAX_VALUE : random.nextInt(10);
      long flushPauseNanos = 1L << random.nextInt(22);
      int checkpointEvery = 1 + random.nextInt(4);
      Thread[] writers = new Thread[2];
      Queue<Throwable> problems = new ConcurrentLinkedQueue<>();
      for (int i = 0; i < writers.length; i++) {
        writers[i] =
            Thread.ofPlatform().start(() -> write(store, seed, ids, last, oracle, problems));
      }
      try {
        while (flushes-- > 0 && (writers[0].isAlive() || writers[1].isAlive())) {
          oracle.flushBegun();
          if (flushes % checkpointEvery == 0) {
            store.checkpoint();
          } else {
            store.flush();
          }
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
        try {
          CrashWorkload.apply(store, batch);
          oracle.ended(batch);
        } catch (StoreFullException e) {
          assertThat(e).hasMessageContaining("of at most");
        }
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
      SimulatedDisk crashed, Setting setting, Durability durability, int[] expected) {
    boolean whole = false;
    for (int steps = 0; !whole; steps++) {
      SimulatedDisk disk = crashed.copy(steps).withPowerFor(steps);
      try {
        open(disk, setting, durability);
        whole = true;
      } catch (IoFailure e) {
        assertThat(e).hasMessageContaining("EIO");
      }
      assertThat(open(disk.afterCrash(steps), setting, durability))
          .as("after a failure at step %d of the recovery", steps)
          .isEqualTo(expected);
    }
  }
}

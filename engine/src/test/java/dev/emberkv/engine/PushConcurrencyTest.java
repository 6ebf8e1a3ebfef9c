package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.compaction.LogOptions;
import dev.emberkv.simulation.SimulatedDisk;
import dev.emberkv.uring.Errno;
import dev.emberkv.uring.IoFailure;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Pushes beside pushes, puts, deletes, flushes and crashes. The i-th push adds 1 to column i of its
 * rows, so a row tells which pushes it has had, and whether one came twice.
 *
 * <p>{@code -Dseed=N} repeats the batches of a run.
 */
class PushConcurrencyTest {
  private static final int DIM = 512;
  private static final int KEYS = 1200;
  private static final int THREADS = 3;

  @TempDir Path directory;

  private static TableSpec spec() {
    return TableSpec.of("t", DIM).withOptimizer(Optimizer.sgd().withLearningRate(1));
  }

  private static long[] keysOf(long seed, int batch) {
    Random random = new Random(seed * 31 + batch * 0x9e3779b97f4a7c15L);
    return random
        .longs(random.nextInt(3) == 0 ? 1 : 1 + random.nextInt(40), 0, KEYS)
        .map(key -> random.nextBoolean() ? key % 8 : key)
        .distinct()
        .toArray();
  }

  private static boolean push(Table table, long[] keys, int column, PushOptions options) {
    float[] gradients = new float[keys.length * DIM];
    for (int row = 0; row < keys.length; row++) {
      gradients[row * DIM + column] = -1;
    }
    return table.push(MemorySegment.ofArray(keys), MemorySegment.ofArray(gradients), options);
  }

  private static PushOptions token(int batch) {
    return PushOptions.none()
        .withToken(("push-" + batch).getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  private static float[] rows(Table table) {
    float[] rows = new float[KEYS * DIM];
    table.lookup(LongStream.range(0, KEYS).toArray(), MemorySegment.ofArray(rows));
    return rows;
  }

  private Store open(SimulatedDisk disk, Durability durability) {
    StoreOptions options =
        StoreOptions.of(directory)
            .withMemoryBytes(CrashWorkload.MEMORY_BYTES)
            .withDurability(durability);
    return EmberStore.open(
        options, () -> disk, log -> log.withSegmentBytes(LogOptions.MIN_SEGMENT_BYTES));
  }

  @Test
  void everyPushIsAppliedOnceWhateverCrashes() throws Exception {
    crashMany(40);
  }

  @Test
  @Tag("long")
  void everyPushIsAppliedOnceWhateverCrashesManyTimes() throws Exception {
    crashMany(2000);
  }

  private void crashMany(int runs) throws Exception {
    Long only = Long.getLong("seed");
    long first = only != null ? only : System.nanoTime();
    for (int i = 0; i < (only != null ? 1 : runs); i++) {
      try {
        crash(first + i);
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("-Dseed=" + (first + i), e);
      }
    }
  }

  /** Pushes with tokens until the power goes, three times; then all of them again. */
  private void crash(long seed) throws Exception {
    Random random = new Random(seed);
    Durability durability = List.of(Durability.values()).get(random.nextInt(3));
    SimulatedDisk disk = new SimulatedDisk(random.nextLong());
    try (Store store = open(disk, durability)) {
      store.createTable(spec());
      store.checkpoint();
    }
    int last = 60 + random.nextInt(DIM - 60);
    boolean[] durable = new boolean[last];
    for (int life = 0; life < 3; life++) {
      AtomicInteger next = new AtomicInteger();
      boolean[] acknowledged = new boolean[last];
      SimulatedDisk crashed =
          live(disk, durability, random, next, acknowledged, durable, last, seed);
      disk = crashed;
      if (durability == Durability.ALWAYS) {
        note(acknowledged, durable);
      }
      try (Store store = open(disk, durability)) {
        Table table = store.table("t").orElseThrow();
        requireWhole(rows(table), seed, last, durable);
      }
    }
    // everything that was not applied is now; what was stays as it is
    try (Store store = open(disk, durability)) {
      Table table = store.table("t").orElseThrow();
      for (int batch = 0; batch < last; batch++) {
        push(table, keysOf(seed, batch), batch, token(batch));
      }
      boolean[] all = new boolean[last];
      java.util.Arrays.fill(all, true);
      requireWhole(rows(table), seed, last, all);
    }
  }

  private static void note(boolean[] more, boolean[] all) {
    for (int i = 0; i < all.length; i++) {
      all[i] |= more[i];
    }
  }

  private SimulatedDisk live(
      SimulatedDisk disk,
      Durability durability,
      Random random,
      AtomicInteger next,
      boolean[] acknowledged,
      boolean[] durable,
      int last,
      long seed)
      throws InterruptedException {
    SimulatedDisk crashed = disk;
    Queue<Throwable> problems = new ConcurrentLinkedQueue<>();
    try (Store store = open(disk, durability)) {
      Table table = store.table("t").orElseThrow();
      disk.withPowerFor(random.nextInt(random.nextBoolean() ? 20 : 200));
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        threads.add(
            Thread.ofPlatform()
                .start(() -> pushAll(table, next, acknowledged, last, seed, problems)));
      }
      int flushes = random.nextInt(12);
      try {
        while (flushes-- > 0 && threads.stream().anyMatch(Thread::isAlive)) {
          boolean[] before;
          synchronized (acknowledged) {
            before = acknowledged.clone();
          }
          store.flush();
          note(before, durable);
        }
      } catch (IoFailure e) {
        assertThat(e).hasMessageContaining("EIO");
      } finally {
        for (Thread thread : threads) {
          thread.join();
        }
      }
      assertThat(problems).isEmpty();
      crashed = disk.afterCrash(random.nextLong());
      disk.withPowerFor(0);
    } catch (IoFailure e) {
      assertThat(e).hasMessageContaining("EIO");
    }
    return crashed;
  }

  private static void pushAll(
      Table table,
      AtomicInteger next,
      boolean[] acknowledged,
      int last,
      long seed,
      Queue<Throwable> problems) {
    try {
      for (int batch = next.getAndIncrement(); batch < last; batch = next.getAndIncrement()) {
        push(table, keysOf(seed, batch), batch, token(batch));
        synchronized (acknowledged) {
          acknowledged[batch] = true;
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

  /** Each push is on all of its rows once, or on none; on all if it must be there. */
  private static void requireWhole(float[] rows, long seed, int last, boolean[] required) {
    float[][] expected = new float[KEYS][DIM];
    for (int batch = 0; batch < last; batch++) {
      long[] keys = keysOf(seed, batch);
      float found = rows[(int) keys[0] * DIM + batch];
      assertThat(found).as("push %d, required %s", batch, required[batch]).isIn(0f, 1f);
      if (required[batch]) {
        assertThat(found).as("push %d was acknowledged", batch).isEqualTo(1);
      }
      for (long key : keys) {
        expected[(int) key][batch] = found;
      }
    }
    for (int key = 0; key < KEYS; key++) {
      for (int column = 0; column < DIM; column++) {
        if (rows[key * DIM + column] != expected[key][column]) {
          throw new AssertionError(
              "key %d has push %d %s times, other rows of it %s"
                  .formatted(key, column, rows[key * DIM + column], expected[key][column]));
        }
      }
    }
  }

  /** What a thread did to the hot keys, with the times before and after. */
  private record Call(boolean isPush, int id, long begun, long ended) {}

  /**
   * Threads push to the same few rows, put them, flush and evict. A row must be as the last put
   * left it, with the pushes that came after it.
   */
  @ParameterizedTest
  @EnumSource(Durability.class)
  void noPushAndNoPutIsLost(Durability durability) throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("PushConcurrencyTest seed " + seed);
    for (int round = 0; round < (durability == Durability.ALWAYS ? 3 : 12); round++) {
      contend(durability, seed + round);
    }
  }

  private void contend(Durability durability, long seed) throws Exception {
    SimulatedDisk disk = new SimulatedDisk(seed);
    Queue<Throwable> problems = new ConcurrentLinkedQueue<>();
    Queue<Call> calls = new ConcurrentLinkedQueue<>();
    AtomicLong clock = new AtomicLong();
    AtomicInteger ids = new AtomicInteger(1);
    try (Store store = open(disk, durability)) {
      Table table = store.createTable(spec());
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        Random random = new Random(seed * 7 + i);
        threads.add(
            Thread.ofPlatform()
                .start(() -> {
                  try {
                    for (int id = ids.getAndIncrement(); id < DIM; id = ids.getAndIncrement()) {
                      contend(table, random, id, clock, calls);
                    }
                  } catch (RuntimeException | AssertionError e) {
                    problems.add(e);
                  }
                }));
      }
      Random random = new Random(seed);
      while (threads.stream().anyMatch(Thread::isAlive)) {
        store.flush();
        // reads of other rows push the contended ones out of DRAM
        long[] others = random.longs(400, 100, 3000).toArray();
        table.put(others, MemorySegment.ofArray(new float[others.length * DIM]));
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(problems).isEmpty();
      checkHistory(table, calls);
    }
    try (Store store = open(disk, durability)) {
      checkHistory(store.table("t").orElseThrow(), calls);
      store.dropTable("t");
    }
  }

  private static final long[] CONTENDED = {0, 1, 2};

  private static void contend(
      Table table, Random random, int id, AtomicLong clock, Queue<Call> calls) {
    boolean isPush = random.nextInt(5) > 0;
    long begun = clock.incrementAndGet();
    if (isPush) {
      push(table, CONTENDED, id, PushOptions.none());
    } else {
      float[] rows = new float[CONTENDED.length * DIM];
      for (int row = 0; row < CONTENDED.length; row++) {
        rows[row * DIM] = id;
      }
      table.put(CONTENDED, MemorySegment.ofArray(rows));
    }
    calls.add(new Call(isPush, id, begun, clock.incrementAndGet()));
  }

  private static void checkHistory(Table table, Queue<Call> calls) {
    MemorySegment rows = MemorySegment.ofArray(new float[CONTENDED.length * DIM]);
    table.lookup(CONTENDED, rows);
    for (int row = 0; row < CONTENDED.length; row++) {
      long at = (long) row * DIM;
      int put = (int) rows.getAtIndex(ValueLayout.JAVA_FLOAT, at);
      Call last = new Call(false, 0, 0, 0);
      for (Call call : calls) {
        last = !call.isPush && call.id == put ? call : last;
      }
      assertThat(last.id).as("the put that row %d names", row).isEqualTo(put);
      for (Call call : calls) {
        if (!call.isPush) {
          assertThat(call.begun)
              .as("put %d after put %d", call.id, put)
              .isLessThanOrEqualTo(last.ended);
          continue;
        }
        float times = rows.getAtIndex(ValueLayout.JAVA_FLOAT, at + call.id);
        if (call.begun > last.ended) {
          assertThat(times).as("push %d after put %d", call.id, put).isEqualTo(1);
        } else if (call.ended < last.begun) {
          assertThat(times).as("push %d before put %d", call.id, put).isZero();
        } else {
          assertThat(times).as("push %d beside put %d", call.id, put).isIn(0f, 1f);
        }
      }
    }
  }
}

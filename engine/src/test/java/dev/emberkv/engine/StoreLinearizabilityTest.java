package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.engine.RegisterHistory.Kind;
import dev.emberkv.engine.RegisterHistory.Operation;
import dev.emberkv.uring.IoMode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Per-key histories of the store, under eviction, against a register. */
class StoreLinearizabilityTest {
  private static final int THREADS = 4;
  private static final int OPERATIONS = 12;
  private static final int KEYS = 3;
  private static final int DIM = 1024;

  @TempDir Path directory;

  private final AtomicLong clock = new AtomicLong();

  @Test
  void checkerTellsGoodFromBad() {
    RegisterHistory overlapping = new RegisterHistory();
    overlapping.add(new Operation(Kind.PUT, 1, 0, 10));
    overlapping.add(new Operation(Kind.GET, 0, 1, 2));
    overlapping.add(new Operation(Kind.GET, 1, 3, 4));
    assertThat(overlapping.isLinearizable(0)).isTrue();

    RegisterHistory backwards = new RegisterHistory();
    backwards.add(new Operation(Kind.PUT, 1, 0, 10));
    backwards.add(new Operation(Kind.GET, 1, 1, 2));
    backwards.add(new Operation(Kind.GET, 0, 3, 4));
    assertThat(backwards.isLinearizable(0)).as("a value that was seen is gone").isFalse();

    RegisterHistory doubleDelete = new RegisterHistory();
    doubleDelete.add(new Operation(Kind.DELETE, 1, 0, 10));
    doubleDelete.add(new Operation(Kind.DELETE, 1, 0, 10));
    assertThat(doubleDelete.isLinearizable(5)).as("one row deleted twice").isFalse();
  }

  @Test
  void historiesOfEachKeyAreLinearizable() throws Exception {
    run(400);
  }

  @Test
  @Tag("long")
  void historiesOfEachKeyAreLinearizableForLong() throws Exception {
    run(20_000);
  }

  private void run(int rounds) throws Exception {
    long seed = System.nanoTime();
    System.out.println("StoreLinearizabilityTest seed " + seed + ", " + rounds + " rounds");
    SplittableRandom random = new SplittableRandom(seed);
    StoreOptions options =
        StoreOptions.of(directory).withMemoryBytes(32L << 20).withIoMode(IoMode.AUTO);
    try (Store store = Store.open(options);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      Table table = store.createTable(TableSpec.of("t", DIM));
      int[] values = new int[KEYS];
      CyclicBarrier start = new CyclicBarrier(THREADS);
      for (int round = 0; round < rounds; round++) {
        // given keys in either tier, when several threads work on them at once
        int next = round;
        List<Future<List<List<Operation>>>> running = new ArrayList<>();
        for (int thread = 0; thread < THREADS; thread++) {
          SplittableRandom own = random.split();
          int id = thread;
          running.add(threads.submit(() -> work(table, start, next, id, own)));
        }
        RegisterHistory[] histories = new RegisterHistory[KEYS];
        for (int key = 0; key < KEYS; key++) {
          histories[key] = new RegisterHistory();
        }
        for (Future<List<List<Operation>>> future : running) {
          List<List<Operation>> operations = future.get(60, TimeUnit.SECONDS);
          for (int key = 0; key < KEYS; key++) {
            operations.get(key).forEach(histories[key]::add);
          }
        }
        // then each key's history could have been one after the other
        for (int key = 0; key < KEYS; key++) {
          if (!histories[key].isLinearizable(values[key])) {
            throw new AssertionError(
                "seed %d, round %d, key %d, from %d: %s"
                    .formatted(seed, round, key, values[key], histories[key].operations()));
          }
          values[key] = read(table, key);
        }
        pushOut(table, random);
      }
    }
  }

  private List<List<Operation>> work(
      Table table, CyclicBarrier start, int round, int thread, SplittableRandom random)
      throws Exception {
    List<List<Operation>> operations = new ArrayList<>();
    for (int key = 0; key < KEYS; key++) {
      operations.add(new ArrayList<>());
    }
    start.await(30, TimeUnit.SECONDS);
    for (int i = 0; i < OPERATIONS; i++) {
      int key = random.nextInt(KEYS);
      int choice = random.nextInt(10);
      int value = ((round * THREADS + thread) * OPERATIONS + i) + 1;
      long began = clock.incrementAndGet();
      Kind kind;
      if (choice < 4) {
        kind = Kind.PUT;
        write(table, key, value);
      } else if (choice < 9) {
        kind = Kind.GET;
        value = read(table, key);
      } else {
        kind = Kind.DELETE;
        value = table.delete(key) ? 1 : 0;
      }
      operations.get(key).add(new Operation(kind, value, began, clock.incrementAndGet()));
    }
    return operations;
  }

  private static void write(Table table, long key, int value) {
    MemorySegment row = MemorySegment.ofArray(new byte[DIM * 4]);
    for (int at = 0; at < DIM * 4; at += 4) {
      row.set(ValueLayout.JAVA_INT_UNALIGNED, at, value);
    }
    table.put(key, row);
  }

  private static int read(Table table, long key) {
    MemorySegment row = MemorySegment.ofArray(new byte[DIM * 4]);
    byte status = table.get(key, row);
    int value = row.get(ValueLayout.JAVA_INT_UNALIGNED, 0);
    for (int at = 0; at < DIM * 4; at += 4) {
      if (row.get(ValueLayout.JAVA_INT_UNALIGNED, at) != value) {
        throw new AssertionError("row " + key + " is torn at byte " + at);
      }
    }
    return status == RowStatus.MISSING ? RegisterHistory.ABSENT : value;
  }

  /** Writes as many other rows as DRAM holds a fraction of, so that keys change tiers. */
  private static void pushOut(Table table, SplittableRandom random) {
    long[] keys = new long[500];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = 1000L + random.nextInt(20_000);
    }
    table.put(keys, MemorySegment.ofArray(new byte[keys.length * DIM * 4]));
  }
}

package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.uring.IoMode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Readers, writers and evictions at once. Each row is one number over and over, the version of the
 * row, so a torn row shows; each key has one writer, which counts up, so a reader must never see a
 * version older than one that was acknowledged before it asked.
 */
class StoreConcurrencyTest {
  private static final int DIM = 256;
  private static final int ROW_BYTES = DIM * 4;
  private static final int KEYS = 60_000;
  private static final int WRITERS = 2;
  private static final long RUN_NANOS = TimeUnit.SECONDS.toNanos(4);

  @TempDir Path directory;

  private final AtomicIntegerArray acknowledged = new AtomicIntegerArray(KEYS);
  private volatile boolean stopped;

  @Test
  void noReaderSeesATornOrAStaleRow() throws Exception {
    long seed = System.nanoTime();
    System.out.println("StoreConcurrencyTest seed " + seed);
    StoreOptions options =
        StoreOptions.of(directory).withMemoryBytes(32L << 20).withIoMode(IoMode.AUTO);
    SplittableRandom random = new SplittableRandom(seed);
    try (Store store = Store.open(options)) {
      // given a table of twice the memory, written and read by several threads
      Table table = store.createTable(TableSpec.of("t", DIM));
      List<Callable<Long>> work = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        int writer = i;
        SplittableRandom own = random.split();
        work.add(() -> write(table, writer, own));
      }
      for (int i = 0; i < 2; i++) {
        SplittableRandom own = random.split();
        work.add(() -> read(table, own));
      }
      work.add(() -> churn(store));
      // when they have run for a while
      try (ExecutorService threads = Executors.newFixedThreadPool(work.size())) {
        List<Future<Long>> running = work.stream().map(threads::submit).toList();
        Thread.sleep(TimeUnit.NANOSECONDS.toMillis(RUN_NANOS));
        stopped = true;
        for (Future<Long> future : running) {
          // then none of them found anything wrong
          assertThat(future.get(60, TimeUnit.SECONDS)).isPositive();
        }
      }
      StoreStats stats = store.stats();
      assertThat(stats.evictionsClean() + stats.evictionsDirty()).isPositive();
    }
    // and after a restart every key has its last version
    try (Store store = Store.open(options)) {
      Table table = store.table("t").orElseThrow();
      for (int key = 0; key < KEYS; key++) {
        int last = acknowledged.get(key);
        if (last > 0) {
          assertThat(versionOf(table, key)).as("version of %d", key).isEqualTo(last);
        }
      }
    }
  }

  private static int versionOf(Table table, long key) {
    MemorySegment row = MemorySegment.ofArray(new byte[ROW_BYTES]);
    table.get(key, row);
    return uniform(row, 0, key);
  }

  private static int uniform(MemorySegment rows, long offset, long key) {
    int first = rows.get(ValueLayout.JAVA_INT_UNALIGNED, offset);
    for (int at = 4; at < ROW_BYTES; at += 4) {
      if (rows.get(ValueLayout.JAVA_INT_UNALIGNED, offset + at) != first) {
        throw new AssertionError("row " + key + " is torn at byte " + at);
      }
    }
    return first;
  }

  /** Writes keys of its own residue class, singly and in batches, deleting some now and then. */
  private long write(Table table, int writer, SplittableRandom random) {
    int[] versions = new int[KEYS];
    long written = 0;
    while (!stopped) {
      int size = random.nextInt(4) == 0 ? 1 : 1 + random.nextInt(200);
      long[] keys = new long[size];
      byte[] rows = new byte[size * ROW_BYTES];
      MemorySegment packed = MemorySegment.ofArray(rows);
      int start = random.nextInt(KEYS / WRITERS - size);
      for (int i = 0; i < size; i++) {
        int key = (start + i) * WRITERS + writer;
        keys[i] = key;
        int version = ++versions[key];
        for (int at = 0; at < ROW_BYTES; at += 4) {
          packed.set(ValueLayout.JAVA_INT_UNALIGNED, (long) i * ROW_BYTES + at, version);
        }
      }
      if (size == 1) {
        if (random.nextInt(8) == 0) {
          table.delete(keys[0]);
        }
        table.put(keys[0], packed);
      } else {
        table.put(keys, packed);
      }
      for (long key : keys) {
        acknowledged.set((int) key, versions[(int) key]);
      }
      written += size;
    }
    return written;
  }

  private long read(Table table, SplittableRandom random) {
    long checked = 0;
    while (!stopped) {
      int size = random.nextInt(4) == 0 ? 1 : 1 + random.nextInt(300);
      long[] keys = new long[size];
      int[] atLeast = new int[size];
      for (int i = 0; i < size; i++) {
        int key = random.nextInt(KEYS);
        keys[i] = key;
        atLeast[i] = acknowledged.get(key);
      }
      MemorySegment rows = MemorySegment.ofArray(new byte[size * ROW_BYTES]);
      MemorySegment statuses = MemorySegment.ofArray(new byte[size]);
      if (size == 1) {
        statuses.set(ValueLayout.JAVA_BYTE, 0, table.get(keys[0], rows));
      } else {
        table.lookup(MemorySegment.ofArray(keys), rows, statuses);
      }
      for (int i = 0; i < size; i++) {
        int version = uniform(rows, (long) i * ROW_BYTES, keys[i]);
        boolean missing = statuses.get(ValueLayout.JAVA_BYTE, i) == RowStatus.MISSING;
        // a single key may be between its deletion and its next version
        if (!missing && version < atLeast[i]) {
          throw new AssertionError(
              "row %d has version %d after %d was acknowledged"
                  .formatted(keys[i], version, atLeast[i]));
        }
      }
      checked += size;
    }
    return checked;
  }

  /**
   * Flushes, and makes, fills and drops a table of another row width, so that slabs change hands.
   */
  private long churn(Store store) {
    long rounds = 0;
    while (!stopped) {
      Table other = store.createTable(TableSpec.of("other", 32));
      for (int i = 0; i < 50 && !stopped; i++) {
        long[] keys = new long[500];
        for (int k = 0; k < keys.length; k++) {
          keys[k] = i * 500L + k;
        }
        other.put(keys, Rows.packed(keys, i, 128));
      }
      store.flush();
      store.dropTable("other");
      rounds++;
    }
    return rounds;
  }
}

package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.uring.IoMode;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows that are asked for ahead of their use are in DRAM when they are used. */
class PrefetchTest {
  private static final int DIM = 64;
  private static final int ROW_BYTES = DIM * Float.BYTES;

  /** Several times what fits. */
  private static final int ROWS = 200_000;

  @TempDir Path directory;

  private EmberStore open() {
    return (EmberStore)
        Store.open(
            StoreOptions.of(directory)
                .withMemoryBytes(16L << 20)
                .withDurability(Durability.CHECKPOINT)
                .withIoMode(IoMode.AUTO));
  }

  private static Table fill(EmberStore store) {
    Table table = store.createTable(TableSpec.of("t", DIM));
    for (int from = 0; from < ROWS; from += 5000) {
      long[] keys = LongStream.range(from, from + 5000).toArray();
      table.put(keys, Rows.packed(keys, 1, ROW_BYTES));
    }
    store.shrinkToLimit(); // the index has grown; a slab that it takes takes its pinned rows along
    return table;
  }

  private static int readHot(Table table, long[] keys) {
    MemorySegment rows = MemorySegment.ofArray(new byte[keys.length * ROW_BYTES]);
    byte[] statuses = new byte[keys.length];
    table.lookup(MemorySegment.ofArray(keys), rows, MemorySegment.ofArray(statuses));
    assertThat(rows.mismatch(Rows.packed(keys, 1, ROW_BYTES))).isEqualTo(-1);
    int hot = 0;
    for (byte status : statuses) {
      hot += status == RowStatus.HOT ? 1 : 0;
    }
    return hot;
  }

  @Test
  void prefetchedRowsStayWhileOthersComeAndGo() throws InterruptedException {
    try (EmberStore store = open()) {
      Table table = fill(store);
      // given rows that were asked for ahead of their use, some of them twice
      long[] wanted = LongStream.range(0, 3000).map(i -> i % 2500 * 7).toArray();
      long ticket = table.prefetch(MemorySegment.ofArray(wanted));
      assertThat(ticket).isEqualTo(1);
      store.awaitPrefetch(ticket);
      // when many others are read and written
      SplittableRandom random = new SplittableRandom(5);
      for (int i = 0; i < 40; i++) {
        long[] others = random.longs(5000, 100_000, ROWS).toArray();
        readHot(table, others);
        table.put(others, Rows.packed(others, 1, ROW_BYTES));
      }
      // then the ones that were asked for are read without the device
      assertThat(readHot(table, wanted)).isEqualTo(wanted.length);
      store.reviewPins(0);
      StoreStats stats = store.stats();
      System.out.println("PrefetchTest: " + stats);
      assertThat(stats.prefetchesUsed()).isEqualTo(2500);
      assertThat(stats.prefetchesWasted()).isZero();
      assertThat(stats.prefetchesLate()).isZero();
      assertThat(stats.prefetchesRefused()).isZero();
    }
  }

  @Test
  void pinsLeaveRoomForOtherRows() throws InterruptedException {
    try (EmberStore store = open()) {
      Table table = fill(store);
      // given that more rows are asked for than fit
      long[] wanted = LongStream.range(0, ROWS / 2).toArray();
      store.awaitPrefetch(table.prefetch(MemorySegment.ofArray(wanted)));
      // then some are refused, and all rows can still be read and written
      assertThat(store.stats().prefetchesRefused()).isPositive();
      for (int from = 0; from < ROWS; from += 5000) {
        long[] keys = LongStream.range(from, from + 5000).toArray();
        table.put(keys, Rows.packed(keys, 1, ROW_BYTES));
        readHot(table, keys);
      }
    }
  }

  @Test
  void rowsThatAreNotUsedAreLetGo() throws InterruptedException {
    try (EmberStore store = open()) {
      Table table = fill(store);
      // given rows that were asked for, of which some are deleted and the others never read
      long[] wanted = LongStream.range(0, 1000).toArray();
      store.awaitPrefetch(table.prefetch(MemorySegment.ofArray(wanted)));
      table.delete(MemorySegment.ofArray(LongStream.range(0, 100).toArray()));
      // when their time is up
      store.reviewPins(Prefetcher.PIN_NANOS + 1_000_000_000L);
      // then they are counted as wasted, and DRAM is free for others
      assertThat(store.stats().prefetchesWasted()).isEqualTo(1000);
      assertThat(store.stats().prefetchesUsed()).isZero();
    }
  }

  @Test
  void missingRowsAndDroppedTablesAreLeftAlone() throws InterruptedException {
    try (EmberStore store = open()) {
      Table table = fill(store);
      long[] missing = LongStream.range(ROWS, ROWS + 1000).toArray();
      store.awaitPrefetch(table.prefetch(MemorySegment.ofArray(missing)));
      assertThat(table.size()).isEqualTo(ROWS);
      long[] wanted = LongStream.range(0, ROWS / 2).toArray();
      long ticket = table.prefetch(MemorySegment.ofArray(wanted));
      store.dropTable("t");
      store.awaitPrefetch(ticket);
      assertThat(store.stats().rows()).isZero();
    }
  }

  @Test
  void tooManyKeysAreRefused() {
    try (EmberStore store = open()) {
      Table table = store.createTable(TableSpec.of("t", DIM));
      long[] wanted = new long[Prefetcher.MAX_WAITING_KEYS + 1];
      assertThat(table.prefetch(MemorySegment.ofArray(wanted))).isEqualTo(Prefetcher.REFUSED);
      assertThat(store.stats().prefetchesRefused()).isEqualTo(wanted.length);
    }
  }
}

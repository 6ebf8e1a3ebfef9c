package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.uring.IoMode;
import java.nio.file.Path;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Memory follows the mix of row sizes: what one size no longer needs, another one gets. */
class SlabReuseTest {
  private static final int ROWS = 300_000;

  @TempDir Path directory;

  private EmberStore open(String name) {
    return (EmberStore)
        Store.open(
            StoreOptions.of(directory.resolve(name))
                .withMemoryBytes(64L << 20)
                .withDurability(Durability.CHECKPOINT)
                .withIoMode(IoMode.AUTO));
  }

  private static Table fill(Store store, String name, int dim) {
    Table table = store.createTable(TableSpec.of(name, dim));
    for (int from = 0; from < ROWS; from += 5000) {
      long[] keys = LongStream.range(from, from + 5000).toArray();
      table.put(keys, Rows.packed(keys, 1, dim * 4));
    }
    return table;
  }

  @Test
  void asManyRowsFitAfterAnotherSizeAsFromTheStart() {
    // given how many rows of one size a fresh store has in DRAM
    long alone;
    try (EmberStore store = open("fresh")) {
      alone = store.hotRowsLike(fill(store, "b", 96));
    }
    try (EmberStore store = open("mixed")) {
      // when a store is filled with another size first, and then with that one
      Table first = fill(store, "a", 64);
      long before = store.hotRowsLike(first);
      Table second = fill(store, "b", 96);
      // then it gets as far, but for what the index of the first table takes
      long after = store.hotRowsLike(second);
      double firstIndex = 12.0 * ROWS / store.stats().memoryLimitBytes();
      System.out.printf(
          "SlabReuseTest: %d rows alone, %d after %d of another size, of which %d are left%n",
          alone, after, before, store.hotRowsLike(first));
      assertThat((double) after).isGreaterThan(alone * (0.95 - firstIndex));
    }
  }

  @Test
  void aSizeWhoseOnlySlabIsHalfTakenAwayGoesOn() {
    // given a store with a single slab, which something began to empty and left
    StoreOptions options =
        StoreOptions.of(directory.resolve("small")).withMemoryBytes(StoreOptions.MIN_MEMORY_BYTES);
    try (EmberStore store = (EmberStore) Store.open(options)) {
      Table table = store.createTable(TableSpec.of("t", 64));
      long[] keys = LongStream.range(0, 10_000).toArray();
      table.put(keys, Rows.packed(keys, 1, 256));
      store.startDraining(table);
      // when more rows are written
      long[] more = LongStream.range(10_000, 20_000).toArray();
      table.put(more, Rows.packed(more, 1, 256));
      // then they find slots
      assertThat(table.size()).isEqualTo(20_000);
      assertThat(store.hotRowsLike(table)).isPositive();
    }
  }
}

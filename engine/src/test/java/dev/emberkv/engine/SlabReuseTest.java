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

  private Store open(String name) {
    return Store.open(
        StoreOptions.of(directory.resolve(name))
            .withMemoryBytes(2 * StoreOptions.MIN_MEMORY_BYTES)
            .withDurability(Durability.CHECKPOINT)
            .withIoMode(IoMode.AUTO));
  }

  private static void fill(Table table, int rowBytes) {
    for (int from = 0; from < ROWS; from += 5000) {
      long[] keys = LongStream.range(from, from + 5000).toArray();
      table.put(keys, Rows.packed(keys, 1, rowBytes));
    }
  }

  @Test
  void asManyRowsFitAfterAnotherSizeAsFromTheStart() {
    // given how many rows of one size a fresh store has in DRAM
    long alone;
    try (Store store = open("fresh")) {
      fill(store.createTable(TableSpec.of("b", 96)), 384);
      alone = store.stats().hotRows();
    }
    try (Store store = open("mixed")) {
      // when a store is filled with another size first, and then with that one
      fill(store.createTable(TableSpec.of("a", 64)), 256);
      long before = store.stats().hotRows();
      fill(store.createTable(TableSpec.of("b", 96)), 384);
      // then it gets as far, but for what the index of the first table takes, and rows of the first
      // size that linger in the last slabs
      long after = store.stats().hotRows();
      double indexShare = (double) store.stats().indexBytes() / store.stats().memoryLimitBytes();
      System.out.printf(
          "SlabReuseTest: %d rows alone, %d after %d of another size%n", alone, after, before);
      assertThat(before).isGreaterThan(alone);
      assertThat((double) after).isGreaterThan(alone * (0.95 - indexShare));
    }
  }
}

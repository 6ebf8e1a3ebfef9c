package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.uring.IoMode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Parts of the budget that users of a store take for themselves. */
class MemoryReservationTest {
  private static final long MEMORY_BYTES = 64L << 20;
  private static final int ROWS = 200_000;
  private static final int DIM = 64;

  @TempDir Path directory;

  private Store openFull() {
    Store store =
        Store.open(
            StoreOptions.of(directory)
                .withMemoryBytes(MEMORY_BYTES)
                .withDurability(Durability.CHECKPOINT)
                .withIoMode(IoMode.AUTO));
    Table table = store.createTable(TableSpec.of("t", DIM));
    for (int from = 0; from < ROWS; from += 5000) {
      long[] keys = LongStream.range(from, from + 5000).toArray();
      table.put(keys, Rows.packed(keys, 1, DIM * 4));
    }
    return store;
  }

  @Test
  void rowsMakeRoomForAReservationAndNoneIsLost() {
    // given a store whose memory is full of rows that are only in DRAM
    try (Store store = openFull()) {
      long fullBytes = store.stats().memoryBytes();
      long hotRows = store.stats().hotRows();
      // when a third of the budget is taken out
      try (MemoryReservation reservation = store.reserveMemory(MEMORY_BYTES / 3)) {
        // then the store is within the rest when the call returns
        assertThat(reservation.bytes()).isEqualTo(MEMORY_BYTES / 3);
        assertThat(fullBytes).isGreaterThan(MEMORY_BYTES * 9 / 10);
        assertThat(store.stats().memoryBytes())
            .isLessThanOrEqualTo(MEMORY_BYTES)
            .isGreaterThan(MEMORY_BYTES / 3);
        assertThat(store.stats().hotRows()).isLessThan(hotRows * 3 / 4);
        // and every row is still what was written, whichever tier it is in
        requireAllRows(store);
        assertThat(store.stats().memoryBytes()).isLessThanOrEqualTo(MEMORY_BYTES);
      }
      // and memory that is given back is used again
      requireAllRows(store);
      assertThat(store.stats().hotRows()).isGreaterThan(hotRows * 9 / 10);
    }
  }

  private static void requireAllRows(Store store) {
    Table table = store.table("t").orElseThrow();
    for (int from = 0; from < ROWS; from += 5000) {
      long[] keys = LongStream.range(from, from + 5000).toArray();
      MemorySegment rows = MemorySegment.ofArray(new byte[keys.length * DIM * 4]);
      table.lookup(keys, rows);
      assertThat(rows.toArray(ValueLayout.JAVA_BYTE))
          .isEqualTo(Rows.packed(keys, 1, DIM * 4).toArray(ValueLayout.JAVA_BYTE));
    }
  }

  @Test
  void moreThanHalfOfTheBudgetIsRefusedAndNothingIsTaken() {
    try (Store store = openFull()) {
      assertThatThrownBy(() -> store.reserveMemory(0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("at least 1");
      assertThatThrownBy(() -> store.reserveMemory(MEMORY_BYTES / 2))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("of a budget of " + MEMORY_BYTES);

      // a part that fits is there as often as it is given back, twice or once
      for (int i = 0; i < 3; i++) {
        MemoryReservation reservation = store.reserveMemory(MEMORY_BYTES / 4);
        assertThatThrownBy(() -> store.reserveMemory(MEMORY_BYTES / 4))
            .isInstanceOf(IllegalStateException.class);
        reservation.close();
        reservation.close();
      }
    }
  }
}

package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.compaction.CorruptionException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AsyncLookupTest {
  private static final int DIM = 16;
  private static final int ROWS = 100_000;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  @TempDir Path directory;

  @Test
  void thousandsOfSmallLookupsGetWhatOneByOneWouldGet() {
    long seed = System.nanoTime();
    System.out.println("AsyncLookupTest seed " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    try (Store store = loaded()) {
      Table table = table(store);
      List<Expected> pending = new ArrayList<>();
      for (int i = 0; i < 5_000; i++) {
        long[] keys =
            random
                .longs(1 + random.nextInt(i % 100 == 0 ? 20_000 : 8), 0, ROWS * 11L / 10)
                .toArray();
        pending.add(new Expected(table, keys));
      }
      for (Expected lookup : pending) {
        lookup.future.join();
        lookup.check();
      }
      long deviceKeys = store.stats().coldHits();
      assertThat(deviceKeys).isGreaterThan(ROWS / 2);
      assertThat(store.stats().deviceSubmits())
          .as("calls into the kernel")
          .isLessThan(deviceKeys / 4);
    }
  }

  @Test
  void aDamagedRowFailsItsOwnLookupOnly() throws IOException {
    loaded().close();
    long damaged = damageOneRecord();
    try (Store store = open()) {
      Table table = table(store);
      List<CompletableFuture<Void>> futures = new ArrayList<>();
      List<MemorySegment> rows = new ArrayList<>();
      for (long key = 0; key < ROWS; key += 1) {
        MemorySegment row = MemorySegment.ofArray(new byte[DIM * 4]);
        rows.add(row);
        futures.add(
            table.lookupAsync(MemorySegment.ofArray(new long[] {key}), row, MemorySegment.NULL));
      }
      int failed = 0;
      for (int key = 0; key < ROWS; key++) {
        try {
          futures.get(key).join();
          assertThat(rows.get(key).get(FLOAT, 0)).isEqualTo(key);
        } catch (CompletionException e) {
          assertThat(e).hasCauseInstanceOf(CorruptionException.class);
          assertThat(key).isEqualTo((int) damaged);
          failed++;
        }
      }
      assertThat(failed).isEqualTo(1);
    }
  }

  @Test
  void aSegmentOfOneThreadIsRefused() {
    try (Store store = loaded();
        Arena arena = Arena.ofConfined()) {
      MemorySegment keys = MemorySegment.ofArray(new long[] {1});
      MemorySegment row = arena.allocate(DIM * 4);
      assertThatThrownBy(() -> table(store).lookupAsync(keys, row, MemorySegment.NULL))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("rows belongs to one thread");
    }
  }

  @Test
  void closingAnswersWhatIsUnderWay() {
    List<Expected> pending = new ArrayList<>();
    try (Store store = loaded()) {
      for (int i = 0; i < 500; i++) {
        long[] keys = new SplittableRandom(i).longs(100, 0, ROWS).toArray();
        pending.add(new Expected(table(store), keys));
      }
    }
    pending.forEach(lookup -> {
      assertThat(lookup.future).isDone();
      lookup.check();
    });
  }

  /** An asynchronous lookup and what it has to bring. */
  private static final class Expected {
    final CompletableFuture<Void> future;
    private final long[] keys;
    private final MemorySegment rows;
    private final MemorySegment statuses;

    Expected(Table table, long[] keys) {
      this.keys = keys;
      this.rows = Arena.ofAuto().allocate(4L * DIM * keys.length);
      this.statuses = MemorySegment.ofArray(new byte[keys.length]);
      this.future = table.lookupAsync(MemorySegment.ofArray(keys), rows, statuses);
    }

    void check() {
      for (int i = 0; i < keys.length; i++) {
        boolean there = keys[i] < ROWS;
        assertThat(statuses.get(ValueLayout.JAVA_BYTE, i) != RowStatus.MISSING).isEqualTo(there);
        for (int column = 0; column < DIM; column++) {
          float value = rows.get(FLOAT, ((long) i * DIM + column) * 4);
          assertThat(value).isEqualTo(there ? (float) keys[i] : 0);
        }
      }
    }
  }

  private Store open() {
    return Store.open(StoreOptions.of(directory).withMemoryBytes(8 << 20));
  }

  private static Table table(Store store) {
    return store.table("t").orElseThrow();
  }

  /** A store with rows that hold their id in every column, most of them on the device. */
  private Store loaded() {
    Store store = open();
    Table table = store.createTable(TableSpec.of("t", DIM));
    long[] keys = new long[1000];
    float[] values = new float[keys.length * DIM];
    for (long first = 0; first < ROWS; first += keys.length) {
      for (int i = 0; i < keys.length; i++) {
        keys[i] = first + i;
        for (int column = 0; column < DIM; column++) {
          values[i * DIM + column] = (float) (first + i);
        }
      }
      table.put(keys, MemorySegment.ofArray(values));
    }
    return store;
  }

  /** Flips a bit in the row of one record of the closed store and returns the row's id. */
  private long damageOneRecord() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      Path volume =
          files.filter(file -> file.toString().endsWith(".ember")).findFirst().orElseThrow();
      try (FileChannel channel =
          FileChannel.open(volume, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        int key = 77_777;
        ByteBuffer content = ByteBuffer.allocate(32 << 20).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        channel.read(content, 0);
        for (int at = 0; at + 40 < content.position(); at += 32) {
          if (content.getLong(at + 8) == key && content.getFloat(at + 36) == key) {
            channel.write(ByteBuffer.wrap(new byte[] {0x42}), at + 40);
            return key;
          }
        }
      }
    }
    throw new AssertionError("the record is not in the first 32 MiB");
  }
}

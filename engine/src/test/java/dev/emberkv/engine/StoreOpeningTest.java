package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.compaction.CorruptionException;
import dev.emberkv.compaction.SegmentedLog;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a store opens with, and what it refuses. */
class StoreOpeningTest {
  private static final int DIM = 16;
  private static final int ROW_BYTES = DIM * Float.BYTES;

  @TempDir private Path directory;

  private Store open() {
    return Store.open(StoreOptions.of(directory).withMemoryBytes(8L << 20));
  }

  private void fill() {
    try (Store store = open()) {
      Table table = store.createTable(TableSpec.of("rows", DIM));
      for (long key = 0; key < 100; key++) {
        table.put(key, MemorySegment.ofArray(Rows.row(key, 1, ROW_BYTES)));
      }
      store.strings().put(new byte[] {1}, new byte[] {2});
    }
  }

  private void assertFilled() {
    try (Store store = open()) {
      Table table = store.table("rows").orElseThrow();
      assertThat(table.size()).isEqualTo(100);
      for (long key = 0; key < 100; key++) {
        MemorySegment row = MemorySegment.ofArray(new byte[ROW_BYTES]);
        table.get(key, row);
        assertThat(row.mismatch(MemorySegment.ofArray(Rows.row(key, 1, ROW_BYTES)))).isEqualTo(-1);
      }
      assertThat(store.strings().get(new byte[] {1})).isEqualTo(new byte[] {2});
    }
  }

  @Test
  void theLogAloneIsEnough() throws IOException {
    fill();
    Files.delete(directory.resolve("catalog.mdb"));
    assertFilled();
    assertFilled();
  }

  @Test
  void whatACheckpointKnowsIsNotReadAgain() throws IOException {
    // given: a log of several segments
    int rows = 20_000;
    long[] keys = LongStream.range(0, rows).toArray();
    try (Store store = Store.open(withLimit())) {
      Table table = store.createTable(TableSpec.of("rows", 256));
      for (int from = 0; from < rows; from += 100) {
        long[] some = Arrays.copyOfRange(keys, from, from + 100);
        MemorySegment content = MemorySegment.ofArray(new byte[100 * 1024]);
        for (int i = 0; i < 100; i++) {
          MemorySegment row = MemorySegment.ofArray(Rows.row(some[i], 1, 1024));
          MemorySegment.copy(row, 0, content, i * 1024L, 1024);
        }
        table.put(MemorySegment.ofArray(some), content);
      }
      // when
      store.checkpoint();
      assertThat(store.stats().checkpointBytes()).isBetween(rows * 9L, rows * 16L);
      store.checkpoint();
      assertThat(store.stats().checkpointBytes()).isLessThan(rows * 16L);
    }
    // then: only the newest segment is read
    long readBytes;
    try (Store store = Store.open(withLimit())) {
      readBytes = store.stats().deviceReadBytes();
      assertRows(store, rows);
    }
    assertThat(readBytes).isLessThan(5L << 20);

    // when: the checkpoint is lost
    Files.delete(directory.resolve("catalog.mdb"));
    // then: all of it is
    try (Store store = Store.open(withLimit())) {
      assertThat(store.stats().deviceReadBytes()).isGreaterThan(rows * 1024L);
      assertRows(store, rows);
    }
  }

  private StoreOptions withLimit() {
    // segments are as small as the limit is
    return StoreOptions.of(directory).withMemoryBytes(8L << 20).withDiskLimitBytes(600L << 20);
  }

  private static void assertRows(Store store, int rows) {
    Table table = store.table("rows").orElseThrow();
    assertThat(table.size()).isEqualTo(rows);
    MemorySegment row = MemorySegment.ofArray(new byte[1024]);
    for (long key = 0; key < rows; key += 37) {
      table.get(key, row);
      assertThat(row.mismatch(MemorySegment.ofArray(Rows.row(key, 1, 1024)))).isEqualTo(-1);
    }
  }

  @Test
  void aDamagedCatalogIsMadeAnew() throws IOException {
    long seed = System.nanoTime();
    System.out.println("StoreOpeningTest seed " + seed);
    Random random = new Random(seed);
    fill();
    byte[] whole = Files.readAllBytes(directory.resolve("catalog.mdb"));
    for (int way = 0; way < 20; way++) {
      byte[] damaged = whole.clone();
      for (int i = 0; i < 200; i++) {
        damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
      }
      // the magic numbers of both meta pages: what no process can take for a catalog
      damaged[16] ^= 1;
      damaged[4096 + 16] ^= 1;
      Files.write(directory.resolve("catalog.mdb"), damaged);
      assertFilled();
      assertThat(directory.resolve("catalog.mdb.damaged")).exists();
    }
  }

  @Test
  void aDamagedRecordMakesItsRowUnreadableAndNoOther() throws IOException {
    // given: two versions of a row, the newer one damaged behind its header
    fill();
    try (Store store = open()) {
      Table table = store.table("rows").orElseThrow();
      table.put(42, MemorySegment.ofArray(Rows.row(42, 2, ROW_BYTES)));
      table.put(43, MemorySegment.ofArray(Rows.row(43, 1, ROW_BYTES)));
    }
    Path volume = directory.resolve(SegmentedLog.VOLUME_NAME);
    byte[] bytes = Files.readAllBytes(volume);
    int at = indexOf(bytes, Rows.row(42, 2, ROW_BYTES));
    bytes[at + 5] ^= 64;
    Files.write(volume, bytes);

    // then: that row is unreadable, with segment and offset, and the others are served
    try (Store store = open()) {
      Table table = store.table("rows").orElseThrow();
      MemorySegment row = MemorySegment.ofArray(new byte[ROW_BYTES]);
      assertThatThrownBy(() -> table.get(42, row))
          .isInstanceOf(CorruptionException.class)
          .hasMessageContaining("segment 0")
          .hasMessageContaining("offset " + (at - 32));
      for (long key = 0; key < 100; key++) {
        if (key != 42) {
          table.get(key, row);
          assertThat(row.mismatch(MemorySegment.ofArray(Rows.row(key, 1, ROW_BYTES))))
              .isEqualTo(-1);
        }
      }
      assertThat(store.strings().get(new byte[] {1})).isEqualTo(new byte[] {2});
    }
  }

  private static int indexOf(byte[] bytes, byte[] wanted) {
    for (int at = 0; at < 1 << 20; at += 32) {
      if (Arrays.equals(bytes, at, at + wanted.length, wanted, 0, wanted.length)) {
        return at;
      }
    }
    throw new AssertionError("the row is not in the first MiB");
  }

  @Test
  void aSecondOpenSaysWhatToDo() {
    try (Store store = open()) {
      assertThat(store.tables()).isEmpty();
      assertThatThrownBy(this::open)
          .hasMessageContaining(directory.toString())
          .hasMessageContaining("close it there first");
    }
  }

  @Test
  void anUnknownVersionIsRefused() throws IOException {
    fill();
    try (FileChannel file =
        FileChannel.open(
            directory.resolve(SegmentedLog.VOLUME_NAME),
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      ByteBuffer page = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
      file.read(page, 0);
      page.putInt(8, 99);
      CRC32C crc = new CRC32C();
      crc.update(page.array(), 0, 12);
      crc.update(page.array(), 16, 4096 - 16);
      page.putInt(12, (int) crc.getValue());
      file.write(page.flip().limit(4096), 0);
    }
    assertThatThrownBy(this::open).hasMessageContaining("99").hasMessageContaining("version");
  }
}

package dev.emberkv.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tables as files: all rows, and what changed. */
class TableExportTest {
  private static final int ROWS = 12_000;
  private static final TableSpec SPEC =
      TableSpec.of("t", 100)
          .withDtype(Dtype.BF16)
          .withInitializer(new Initializer.Uniform(-1, 1), 3)
          .withOptimizer(Optimizer.rowwiseAdagrad());

  @TempDir Path directory;
  private Path file = Path.of("");

  @BeforeEach
  void nameFile() {
    file = directory.resolve("t.ember");
  }

  private Store open(String name) {
    return Store.open(
        StoreOptions.of(directory.resolve(name)).withMemoryBytes(StoreOptions.MIN_MEMORY_BYTES));
  }

  /** Makes a table most of whose rows are on the device. */
  private static Table filled(Store store) {
    Table table = store.createTable(SPEC);
    Random random = new Random(8);
    for (int from = 0; from < ROWS; from += 1000) {
      long[] keys = random.longs(1000).toArray();
      float[] gradients = new float[keys.length * SPEC.dim()];
      Arrays.fill(gradients, random.nextFloat());
      table.push(keys, gradients);
    }
    return table;
  }

  private static Map<Long, byte[]> contents(Table table) {
    Map<Long, byte[]> rows = new HashMap<>();
    try (TableScan scan = table.scan()) {
      long cursor = 0;
      do {
        cursor =
            scan.next(
                cursor,
                new ChangeVisitor() {
                  @Override
                  public void row(long id, int timeSeconds, MemorySegment stored) {
                    byte[] row = stored.toArray(ValueLayout.JAVA_BYTE);
                    assertThat(rows.put(id, row)).as("row %d is shown twice", id).isNull();
                  }

                  @Override
                  public void deleted(long id) {
                    throw new AssertionError("a walk over rows shows a deletion");
                  }
                });
      } while (cursor != 0);
    }
    return rows;
  }

  private static void requireSame(Table found, Table expected) {
    Map<Long, byte[]> rows = contents(found);
    Map<Long, byte[]> wanted = contents(expected);
    assertThat(rows.keySet()).isEqualTo(wanted.keySet());
    wanted.forEach((id, row) -> assertThat(rows.get(id)).as("row %d", id).isEqualTo(row));
  }

  @Test
  void exportAndChangesMakeTheSameTableElsewhere() throws IOException {
    try (Store store = open("from");
        Store other = open("to")) {
      Table table = filled(store);
      long[] told = new long[1];
      TableExport.Summary all = TableExport.rows(table, file, rows -> told[0] += rows);
      assertThat(all.rows()).isEqualTo(table.size()).isEqualTo(told[0]);
      assertThat(store.stats().deviceReads()).isPositive();
      // when imported under another name, then bit for bit the same, state included
      TableImport.Summary taken = TableImport.run(other, file, "copy", rows -> {});
      assertThat(taken).isEqualTo(new TableImport.Summary(all.rows(), 0, all.position()));
      Table copy = other.table("copy").orElseThrow();
      requireSame(copy, table);
      // when rows change and go
      long[] ids = contents(table).keySet().stream().mapToLong(id -> id).limit(500).toArray();
      table.push(Arrays.copyOf(ids, 200), new float[200 * SPEC.dim()]);
      table.delete(MemorySegment.ofArray(Arrays.copyOfRange(ids, 100, 500)));
      Path changes = directory.resolve("changes.ember");
      TableExport.Summary delta = TableExport.changes(table, all.position(), changes, n -> {});
      // then the changes are few, and make them the same again, applied twice or once
      assertThat(delta.rows()).isEqualTo(100);
      assertThat(delta.deletions()).isEqualTo(400);
      TableImport.run(other, changes, "copy", rows -> {});
      requireSame(copy, table);
      TableImport.run(other, changes, "copy", rows -> {});
      requireSame(copy, table);
      assertThatThrownBy(() -> TableExport.changes(table, 0, changes, n -> {}))
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void anExportThatWasCutShortGoesOnAlsoAfterAReopening() throws IOException {
    byte[] whole;
    try (Store store = open("from")) {
      Table table = filled(store);
      TableExport.rows(table, file, rows -> {});
      whole = Files.readAllBytes(file);
      assertThat(TableExport.rows(table, file, rows -> {}).resumed()).isEqualTo(table.size());
    }
    Random random = new Random(6);
    for (int cut : new int[] {whole.length - 1, whole.length - 50, whole.length / 2, 0}) {
      int length = cut == 0 ? 200 + random.nextInt(whole.length - 200) : cut;
      Files.write(file, Arrays.copyOf(whole, length));
      try (Store store = open("from");
          Store other = open("to" + length)) {
        assertThatThrownBy(() -> TableImport.run(other, file, null, rows -> {}))
            .hasMessageContaining("breaks off or is damaged");
        assertThat(other.tables()).isEmpty();
        Table table = store.table("t").orElseThrow();
        TableExport.Summary resumed = TableExport.rows(table, file, rows -> {});
        assertThat(resumed.rows()).isEqualTo(table.size());
        TableImport.run(other, file, null, rows -> {});
        requireSame(other.table("t").orElseThrow(), table);
      }
    }
  }

  @Test
  void aDamagedFileIsRefusedAndChangesNothing() throws IOException {
    try (Store store = open("from");
        Store other = open("to")) {
      Table table = filled(store);
      TableExport.rows(table, file, rows -> {});
      byte[] whole = Files.readAllBytes(file);
      Random random = new Random(2);
      for (int i = 0; i < 16; i++) {
        byte[] damaged = whole.clone();
        int at = random.nextInt(i < 6 ? 150 : whole.length);
        damaged[at] ^= (byte) (1 << random.nextInt(8));
        Files.write(file, damaged);
        assertThatThrownBy(() -> TableImport.run(other, file, null, rows -> {}))
            .as("bit flipped at %d", at)
            .isInstanceOf(IOException.class)
            .hasMessageContaining(file.toString());
        assertThat(other.tables()).isEmpty();
      }
      // and what is in the way of an export is left as it is
      Files.writeString(file, "notes");
      assertThatThrownBy(() -> TableExport.rows(table, file, rows -> {}))
          .hasMessageContaining("is in the way");
      assertThat(file).hasContent("notes");
    }
  }

  @Test
  void aTableOfAnotherKindIsLeftAlone() throws IOException {
    try (Store store = open("from")) {
      Table table = filled(store);
      TableExport.rows(table, file, rows -> {});
      Table narrow = store.createTable(SPEC.withName("narrow").withDtype(Dtype.F32));
      assertThatThrownBy(() -> TableImport.run(store, file, "narrow", rows -> {}))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(narrow.size()).isZero();
    }
  }
}

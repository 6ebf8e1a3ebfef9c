package dev.emberkv.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.engine.Initializer;
import dev.emberkv.engine.Optimizer;
import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreOptions;
import dev.emberkv.engine.Table;
import dev.emberkv.engine.TableSpec;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExportCommandTest {
  private static final int DIM = 5;

  @TempDir private Path directory;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    return Main.commandLine()
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(arguments);
  }

  private <T> T in(String name, Function<Store, T> action) {
    try (Store store =
        Store.open(StoreOptions.of(directory.resolve(name)).withMemoryBytes(8L << 20))) {
      return action.apply(store);
    }
  }

  private static float[] rows(Table table, long... ids) {
    float[] rows = new float[ids.length * DIM];
    table.lookupFloats(MemorySegment.ofArray(ids), MemorySegment.ofArray(rows), MemorySegment.NULL);
    return rows;
  }

  @Test
  void rowsAndChangesGoToAnotherStoreAndToNumpy() throws IOException {
    long[] ids = LongStream.range(0, 300).map(i -> i * 7919 - 5).toArray();
    TableSpec spec =
        TableSpec.of("users", DIM)
            .withInitializer(new Initializer.Uniform(-1, 1), 2)
            .withOptimizer(Optimizer.sgd());
    String from = directory.resolve("from").toString();
    String to = directory.resolve("to").toString();
    String file = directory.resolve("users.ember").toString();
    String changes = directory.resolve("changes.ember").toString();
    float[] before =
        in(
            "from",
            store -> {
              Table table = store.createTable(spec);
              table.push(ids, new float[ids.length * DIM]);
              return rows(table, ids);
            });
    // when exported and imported
    assertThat(run("export", "users", file, "--data", from, "--memory", "8mb")).isZero();
    assertThat(out.toString()).startsWith("300 rows, 0 deletions, position ");
    String position = out.toString().strip().replaceAll(".* ", "");
    assertThat(run("import", file, "--data", to, "--memory", "8mb")).isZero();
    assertThat(out.toString()).isEqualTo("300 rows, 0 deletions, position " + position + "\n");
    // then
    float[] copied = in("to", store -> rows(store.table("users").orElseThrow(), ids));
    assertThat(copied).isEqualTo(before);
    // when one goes
    in("from", store -> store.table("users").orElseThrow().delete(ids[3]));
    assertThat(
            run("export", "users", changes, "--since", position, "--data", from, "--memory", "8mb"))
        .isZero();
    assertThat(out.toString()).startsWith("0 rows, 1 deletions, position ");
    assertThat(run("import", changes, "--data", to, "--memory", "8mb")).isZero();
    long left = in("to", store -> store.table("users").orElseThrow().size());
    assertThat(left).isEqualTo(299);
    // and for NumPy
    assertThat(run("export", "users", file, "--npy", "--data", from, "--memory", "8mb")).isZero();
    requireNpy(file, before, ids);
    assertThat(run("export", "users", file, "--npy", "--since", "3", "--data", from)).isEqualTo(2);
    assertThat(run("export", "users", file + "x", "--since", "99999999", "--data", from))
        .isEqualTo(1);
    assertThat(err.toString()).contains("a position is from 0 to");
    assertThat(run("export", "nobody", file + "y", "--data", from)).isEqualTo(1);
    assertThat(err.toString()).contains("there is no table nobody");
  }

  private static void requireNpy(String name, float[] before, long[] ids) throws IOException {
    ByteBuffer rows = read(name + ".rows.npy", "'<f4', 'fortran_order': False, 'shape': (299, 5)");
    ByteBuffer keys = read(name + ".ids.npy", "'<u8', 'fortran_order': False, 'shape': (299,)");
    for (int i = 0; i < 299; i++) {
      long id = keys.getLong();
      int at = (int) ((id + 5) / 7919);
      assertThat(id).isEqualTo(ids[at]).isNotEqualTo(ids[3]);
      for (int column = 0; column < DIM; column++) {
        assertThat(rows.getFloat()).isEqualTo(before[at * DIM + column]);
      }
    }
    assertThat(rows.hasRemaining() || keys.hasRemaining()).isFalse();
  }

  /** Reads a file as the format's description says, and returns its data. */
  private static ByteBuffer read(String file, String expected) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.wrap(Files.readAllBytes(Path.of(file))).order(ByteOrder.LITTLE_ENDIAN);
    byte[] magic = new byte[8];
    bytes.get(magic);
    assertThat(magic).isEqualTo(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0});
    byte[] header = new byte[Short.toUnsignedInt(bytes.getShort())];
    bytes.get(header);
    assertThat(bytes.position() % 64).isZero();
    assertThat(new String(header, StandardCharsets.US_ASCII)).contains(expected).endsWith("\n");
    return bytes;
  }
}

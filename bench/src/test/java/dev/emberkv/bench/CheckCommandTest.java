package dev.emberkv.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.engine.Store;
import dev.emberkv.engine.StoreOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class CheckCommandTest {
  private static final int PAGE_BYTES = 4096;

  @TempDir private Path directory;

  private final StringWriter out = new StringWriter();

  private int check() {
    out.getBuffer().setLength(0);
    CommandLine main = Main.commandLine().setOut(new PrintWriter(out));
    return main.execute("check", "--data", directory.toString(), "--memory", "8mb");
  }

  private void fill() {
    try (Store store = Store.open(StoreOptions.of(directory).withMemoryBytes(8L << 20))) {
      for (int i = 0; i < 100; i++) {
        byte[] key = ("key-" + i).getBytes(StandardCharsets.UTF_8);
        store.strings().put(key, new byte[300]);
      }
    }
  }

  @Test
  void aWholeStoreIsInOrder() {
    fill();
    assertThat(check()).isZero();
    assertThat(out.toString()).contains("records with").contains(" 0 damaged places");
  }

  @Test
  void aFlippedBitIsFoundAndNamed() throws IOException {
    fill();
    // given: a flipped bit in the second page with records
    try (FileChannel volume =
        FileChannel.open(
            directory.resolve("volume-0.ember"),
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      long offset = 2 * PAGE_BYTES + 100;
      volume.read(one, offset);
      one.put(0, (byte) (one.get(0) ^ 4));
      volume.write(one.rewind(), offset);
    }

    // then: exit status 1, and a line with segment and offset
    assertThat(check()).isEqualTo(1);
    assertThat(out.toString()).contains("segment 0, offset 8").contains(" 1 damaged places");
  }

  @Test
  void aDirectoryWithoutAStoreIsSaidToBeOne() {
    StringWriter errors = new StringWriter();
    CommandLine main = Main.commandLine().setErr(new PrintWriter(errors));
    assertThat(main.execute("check", "--data", directory.toString())).isEqualTo(1);
    assertThat(errors.toString()).contains("no store in " + directory);
  }
}

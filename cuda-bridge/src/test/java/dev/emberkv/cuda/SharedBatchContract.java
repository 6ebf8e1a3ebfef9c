package dev.emberkv.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.engine.Store;
import dev.emberkv.engine.Table;
import dev.emberkv.engine.TableSpec;
import dev.emberkv.uring.Finding;
import java.io.File;
import java.lang.foreign.MemorySegment;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;

/** A batch that another process opens. */
abstract class SharedBatchContract {
  @TempDir Path directory;

  /** Returns the path of the driver library for the other process; "-" is the machine's own. */
  abstract String driver();

  @Test
  void givenAShareableBatch_whenAnotherProcessOpensIt_thenItReadsTheSameRows() throws Exception {
    try (Store store = TestRows.open(directory);
        Accelerator accelerator = Accelerator.gpu(0)) {
      Table table = store.createTable(TableSpec.of("t", 12));
      TestRows.fill(table, 1000, 1);
      long[] keys = {7, 8, 7, 999, 0};
      for (BatchLayout layout : BatchLayout.values()) {
        PrefetchOptions options = PrefetchOptions.of(64).withLayout(layout).withShareable(true);
        try (PrefetchPipeline pipeline = PrefetchPipeline.open(store, table, accelerator, options);
            DeviceBatch batch = pipeline.await(pipeline.submit(MemorySegment.ofArray(keys)))) {
          batch.synchronize();
          byte[] rows = new byte[batch.rowCount() * batch.rowBytes()];
          batch.copyTo(MemorySegment.ofArray(rows));

          String seen = openElsewhere(batch.share());

          assertThat(seen).as(layout.toString()).endsWith(HexFormat.of().formatHex(rows));
        }
      }
    }
  }

  private String openElsewhere(SharedBatch shared) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                String.join(
                    File.pathSeparator,
                    location(SharedBatch.class),
                    Path.of("target", "test-classes").toAbsolutePath().toString(),
                    location(Store.class),
                    location(Finding.class),
                    location(Logger.class),
                    System.getProperty("java.class.path")),
                "--enable-native-access=ALL-UNNAMED",
                SharedBatchReader.class.getName(),
                driver(),
                HexFormat.of().formatHex(shared.toBytes()))
            .redirectErrorStream(true)
            .start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  private static String location(Class<?> type) throws URISyntaxException {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
  }
}

package dev.emberkv.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** Compiles the driver library of the tests; without a C compiler the tests are skipped. */
final class DriverCompiler {
  private DriverCompiler() {}

  /** Makes {@code libcuda.so.1} in a folder and returns its path. */
  static Path compileTo(Path folder) throws IOException, InterruptedException {
    Path library = folder.resolve("libcuda.so.1");
    Process compiler;
    try {
      compiler =
          new ProcessBuilder(
                  "cc",
                  "-shared",
                  "-fPIC",
                  "-O1",
                  "-pthread",
                  "-Wl,-soname,libcuda.so.1",
                  "-o",
                  library.toString(),
                  Path.of("src/test/c/fake_cuda.c").toAbsolutePath().toString(),
                  "-lrt")
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      System.out.println("SKIPPED: no C compiler `cc` on the PATH");
      Assumptions.abort("no C compiler `cc` on the PATH: " + e.getMessage());
      throw e;
    }
    String diagnostics =
        new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(compiler.waitFor()).as(diagnostics).isZero();
    return library;
  }
}

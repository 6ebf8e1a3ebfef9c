package dev.emberkv.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.emberkv.uring.Finding;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The bindings and the probe against a driver library compiled for the test: every answer of a
 * driver, seen through the real downcalls, on a machine without a GPU.
 */
final class FakeDriverTest {
  @TempDir static Path libraries;

  @BeforeAll
  static void compileDriver() throws Exception {
    DriverCompiler.compileTo(libraries);
  }

  @Test
  void givenADriverWithTwoDevices_whenProbed_thenBothAreNamedWithTheirMemory() throws Exception {
    Finding finding = probe(Map.of());

    assertThat(finding.ok()).isTrue();
    assertThat(finding.detail())
        .isEqualTo(
            "driver for CUDA 12.4; GPU 0 Fake GPU of handle 100, 24.0 GiB,"
                + " GPU 1 Fake GPU of handle 101, 48.0 GiB");
    assertThat(finding.fix()).isEmpty();
  }

  @Test
  void givenADriverWithoutDevices_whenProbed_thenItSaysSo() throws Exception {
    for (Map<String, String> answers :
        List.of(Map.of("FAKE_CUDA_INIT", "100"), Map.of("FAKE_CUDA_DEVICES", "0"))) {
      Finding finding = probe(answers);

      assertThat(finding.ok()).isFalse();
      assertThat(finding.detail()).contains("no GPU", "12.4");
      assertThat(finding.fix()).contains("CUDA_VISIBLE_DEVICES");
    }
  }

  @Test
  void givenAnOldDriver_whenProbed_thenItNamesBothVersions() throws Exception {
    Finding finding = probe(Map.of("FAKE_CUDA_VERSION", "10020"));

    assertThat(finding.ok()).isFalse();
    assertThat(finding.detail()).contains("CUDA 10.2");
    assertThat(finding.fix()).contains("CUDA 11.0 or later");
  }

  @Test
  void givenALibraryThatDoesNotFitTheKernel_whenProbed_thenItNamesTheErrorAndAReboot()
      throws Exception {
    Finding finding = probe(Map.of("FAKE_CUDA_INIT", "803"));

    assertThat(finding.ok()).isFalse();
    assertThat(finding.detail())
        .contains("cuInit", "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "803", "fake words");
    assertThat(finding.fix()).contains("reboot");
  }

  @Test
  void givenACallThatFailsWithAnUnknownStatus_whenProbed_thenCallAndNumberAreNamed()
      throws Exception {
    Finding finding = probe(Map.of("FAKE_CUDA_MEMORY", "4242"));

    assertThat(finding.ok()).isFalse();
    assertThat(finding.detail()).contains("cuDeviceTotalMem", "CUresult 4242");
    assertThat(finding.fix()).contains("nvidia-smi");
  }

  /** Runs the probe in a process that finds the compiled library first. */
  private static Finding probe(Map<String, String> answers) throws Exception {
    String classPath =
        String.join(
            File.pathSeparator,
            location(CudaProbe.class),
            location(ProbePrinter.class),
            Path.of("target", "test-classes").toAbsolutePath().toString(),
            location(Finding.class),
            location(org.slf4j.Logger.class));
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            classPath,
            "--enable-native-access=ALL-UNNAMED",
            "--illegal-native-access=deny",
            ProbePrinter.class.getName());
    builder.environment().put("LD_LIBRARY_PATH", libraries.toString());
    builder.environment().putAll(answers);
    builder.redirectErrorStream(true);
    Process process = builder.start();
    String output = text(process);
    assertThat(process.waitFor()).as(output).isZero();
    String[] lines = output.split("\n", -1);
    return new Finding("CUDA", Boolean.parseBoolean(lines[0]), lines[1], lines[2]);
  }

  private static String location(Class<?> type) throws URISyntaxException {
    Path path = Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    assertThat(Files.exists(path)).as(path.toString()).isTrue();
    return path.toString();
  }

  private static String text(Process process) throws IOException {
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }
}

package dev.emberkv.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.emberkv.uring.Finding;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The driver that is really on this machine, if there is one. */
final class CudaDeviceTest {
  @Test
  void givenThisMachine_whenProbed_thenTheReportIsInWordsWithAFixUnlessAllIsWell() {
    Finding finding = CudaProbe.run();

    System.out.println("CUDA: " + finding.detail());
    assertThat(finding.name()).isEqualTo("CUDA");
    assertThat(finding.detail()).isNotBlank();
    assertThat(finding.fix().isEmpty()).isEqualTo(finding.ok());
  }

  @Test
  void givenNoDriver_whenOpened_thenTheFailureNamesTheLibrary() {
    Assumptions.assumeFalse(CudaDriver.isInstalled(), "not run: this machine has a driver");

    assertThatThrownBy(CudaDriver::open)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("libcuda.so.1");
    assertThatThrownBy(CudaDriver::version).isInstanceOf(IllegalStateException.class);
  }

  @Test
  @Tag("gpu")
  void givenAGpu_whenTheDriverIsAsked_thenItNamesItAndItsMemory() {
    GpuRequirement.check();

    Finding finding = CudaProbe.run();
    List<CudaDevice> devices = CudaDriver.open().devices();

    assertThat(CudaDriver.version()).isGreaterThanOrEqualTo(CudaProbe.MIN_VERSION);
    assertThat(devices)
        .isNotEmpty()
        .allSatisfy(device -> {
          assertThat(device.name()).isNotBlank();
          assertThat(device.memoryBytes()).isGreaterThan(1L << 30);
        });
    assertThat(finding.detail()).contains(devices.getFirst().name());
  }
}

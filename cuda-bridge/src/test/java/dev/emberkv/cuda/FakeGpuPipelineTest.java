package dev.emberkv.cuda;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** The pipeline through the bindings, on a driver that runs on the host, with slow copies. */
@Tag("fake-driver")
final class FakeGpuPipelineTest extends PipelineContract {
  @BeforeAll
  static void loadDriver() {
    FakeCuda.library();
  }

  @Override
  Accelerator openAccelerator() {
    FakeCuda.copyDelay(100);
    return Accelerator.gpu(1);
  }

  @AfterEach
  void requireNothingLeft() {
    FakeCuda.copyDelay(0);
    accelerator.close();
    FakeCuda.requireNothingLeft("after a test");
  }
}

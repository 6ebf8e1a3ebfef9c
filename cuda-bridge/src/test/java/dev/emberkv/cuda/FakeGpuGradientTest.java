package dev.emberkv.cuda;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** Gradients through the bindings, on a driver that runs on the host, with slow copies. */
@Tag("fake-driver")
final class FakeGpuGradientTest extends GradientContract {
  @BeforeAll
  static void loadDriver() {
    FakeCuda.library();
  }

  @Override
  Accelerator openAccelerator() {
    FakeCuda.copyDelay(200);
    return Accelerator.gpu(0);
  }

  @AfterEach
  void requireNothingLeft() {
    FakeCuda.copyDelay(0);
    accelerator.close();
    FakeCuda.requireNothingLeft("after a test");
  }
}

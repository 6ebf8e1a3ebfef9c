package dev.emberkv.cuda;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** Gradients from a real GPU. */
@Tag("gpu")
final class GpuGradientTest extends GradientContract {
  @BeforeAll
  static void requireGpu() {
    GpuRequirement.check();
  }

  @Override
  Accelerator openAccelerator() {
    return Accelerator.gpu(0);
  }
}

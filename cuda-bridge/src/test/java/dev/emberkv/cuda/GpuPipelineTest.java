package dev.emberkv.cuda;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** The pipeline on a real GPU. */
@Tag("gpu")
final class GpuPipelineTest extends PipelineContract {
  @BeforeAll
  static void requireGpu() {
    GpuRequirement.check();
  }

  @Override
  Accelerator openAccelerator() {
    return Accelerator.gpu(0);
  }

  @Override
  int batchesBesideUpdates() {
    return 10_000;
  }
}

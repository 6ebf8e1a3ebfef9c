package dev.emberkv.cuda;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** Batches shared between processes on a real GPU. */
@Tag("gpu")
final class GpuSharedBatchTest extends SharedBatchContract {
  @BeforeAll
  static void requireGpu() {
    GpuRequirement.check();
  }

  @Override
  String driver() {
    return "-";
  }
}

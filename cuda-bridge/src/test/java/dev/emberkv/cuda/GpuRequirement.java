package dev.emberkv.cuda;

import dev.emberkv.uring.Finding;
import org.junit.jupiter.api.Assumptions;

/** What tests of a real GPU begin with. */
final class GpuRequirement {
  private GpuRequirement() {}

  /** Skips the test, or the class, without a GPU, and says so in the output. */
  static void check() {
    Finding finding = CudaProbe.run();
    if (!finding.ok()) {
      System.out.println("SKIPPED: no GPU: not run: " + finding.detail());
    }
    Assumptions.assumeTrue(finding.ok(), "no GPU: not run");
  }
}

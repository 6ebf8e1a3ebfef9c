package dev.emberkv.cuda;

import dev.emberkv.uring.Finding;

/** Prints what the probe finds; run in a process of its own, with another driver library. */
final class ProbePrinter {
  private ProbePrinter() {}

  /** Prints ok, detail and fix, a line each. */
  public static void main(String[] args) {
    Finding finding = CudaProbe.run();
    System.out.println(finding.ok());
    System.out.println(finding.detail());
    System.out.println(finding.fix());
  }
}

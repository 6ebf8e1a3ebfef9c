package dev.emberkv.cuda;

/** Gradients on the host. */
final class HostGradientTest extends GradientContract {
  @Override
  Accelerator openAccelerator() {
    return Accelerator.host();
  }
}

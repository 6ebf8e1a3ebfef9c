package dev.emberkv.cuda;

/** The pipeline on the host: its logic, on every machine. */
final class HostPipelineTest extends PipelineContract {
  @Override
  Accelerator openAccelerator() {
    return Accelerator.host();
  }
}

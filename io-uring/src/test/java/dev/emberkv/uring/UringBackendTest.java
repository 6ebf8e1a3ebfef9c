package dev.emberkv.uring;

/** The contract of {@link IoBackend}, kept by io_uring. */
final class UringBackendTest extends IoBackendContract {
  @Override
  IoBackend openBackend() {
    return IoBackend.open(IoMode.URING);
  }
}

package dev.emberkv.uring;

/** The contract of {@link IoBackend}, kept by the portable backend. */
final class ChannelBackendTest extends IoBackendContract {
  @Override
  IoBackend openBackend() {
    return new ChannelBackend();
  }
}

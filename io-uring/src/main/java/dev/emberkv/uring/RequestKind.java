package dev.emberkv.uring;

/** What a request of an {@link IoQueue} does. */
enum RequestKind {
  READ,
  WRITE,
  SYNC
}

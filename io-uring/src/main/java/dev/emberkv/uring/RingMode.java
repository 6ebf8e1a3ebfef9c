package dev.emberkv.uring;

import dev.emberkv.uring.generated.LibUring;

/** How a ring's kernel side runs; docs/adr/0002 has the reasons and the figures. */
enum RingMode {
  /** What every kernel has. */
  PLAIN(0),

  /**
   * May be handed from thread to thread. Completions run when the submitter enters the kernel, not
   * by an interrupt of whatever it does (Linux 5.19).
   */
  SHARED(LibUring.IORING_SETUP_COOP_TASKRUN() | LibUring.IORING_SETUP_TASKRUN_FLAG()),

  /**
   * One thread for good: no lock in the kernel, and completions run in batches inside the wait
   * (Linux 6.1).
   */
  SINGLE_THREAD(
      LibUring.IORING_SETUP_SINGLE_ISSUER()
          | LibUring.IORING_SETUP_DEFER_TASKRUN()
          | LibUring.IORING_SETUP_TASKRUN_FLAG());

  private final int flags;

  RingMode(int flags) {
    this.flags = flags;
  }

  /** Returns the flags for the set-up call. */
  int flags() {
    return flags;
  }

  /** Returns the mode to try when the kernel does not know this one. */
  RingMode weaker() {
    return this == SINGLE_THREAD ? SHARED : PLAIN;
  }
}

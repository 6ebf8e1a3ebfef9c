package dev.emberkv.uring;

/** Which I/O backend a store asks for. */
public enum IoMode {
  /** io_uring where the kernel allows it, else the portable backend and one line that says why. */
  AUTO,
  /** io_uring or a failure to open. */
  URING,
  /** Positional reads and writes on file channels; works wherever the JDK does. */
  PORTABLE
}

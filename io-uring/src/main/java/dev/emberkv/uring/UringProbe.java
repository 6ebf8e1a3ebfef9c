package dev.emberkv.uring;

import dev.emberkv.uring.generated.LibUring;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Finds out whether io_uring works here by using it, and if not, who forbids it. */
final class UringProbe {
  private static final Path DISABLED_SYSCTL = Path.of("/proc/sys/kernel/io_uring_disabled");
  private static final String NAME = "io_uring";

  private UringProbe() {}

  /** Sets up a small ring, sends one request through it and says what came of it. */
  static Finding run() {
    if (!Library.isPresent()) {
      return Finding.bad(
          NAME,
          Library.SONAME + " was not found",
          "install it: `apt-get install liburing2` (Debian, Ubuntu), `dnf install liburing`"
              + " (Fedora, RHEL)");
    }
    try (Ring ring = new Ring(1, RingMode.SHARED)) {
      if (!ring.supports(LibUring.IORING_OP_READ()) || !ring.supports(LibUring.IORING_OP_WRITE())) {
        return Finding.bad(
            NAME,
            "Linux %s lacks its read and write operations".formatted(kernelVersion()),
            "use Linux 5.6 or later");
      }
      String broken = sendNop(ring);
      return broken == null
          ? Finding.good(
              NAME, "works (Linux %s, ring mode %s)".formatted(kernelVersion(), ring.mode()))
          : Finding.bad(NAME, broken, refusedFix(Errno.EPERM, readSysctl()));
    } catch (IoFailure e) {
      return Finding.bad(
          NAME,
          "io_uring_setup: " + Errno.describe(e.errno()),
          refusedFix(e.errno(), readSysctl()));
    }
  }

  /** Returns null when a request went through and came back. */
  private static @Nullable String sendNop(Ring ring) {
    long token = 0x0123456789abcdefL;
    SubmissionEntry.writeNop(ring.nextEntry(), token);
    int entered;
    do {
      entered = ring.enter(1);
    } while (entered == -Errno.EINTR);
    if (entered != 1) {
      return "io_uring_enter: " + Errno.describe(-Math.min(entered, 0));
    }
    boolean[] echoed = new boolean[1];
    ring.reap((userData, result) -> echoed[0] = userData == token && result == 0);
    return echoed[0] ? null : "a request sent through a ring did not come back";
  }

  /** Returns what helps against an errno of the set-up call. */
  static String refusedFix(int errno, String sysctl) {
    return switch (errno) {
      case Errno.ENOSYS ->
          "the kernel lacks io_uring (use Linux 5.6 or later), or a sandbox such as gVisor hides it";
      case Errno.EPERM, Errno.EACCES ->
          sysctl.isEmpty() || sysctl.equals("0")
              ? "a seccomp filter forbids it; in a container, allow io_uring_setup, io_uring_enter"
                  + " and io_uring_register (docker: `--security-opt seccomp=PROFILE.json`)"
              : "kernel.io_uring_disabled is %s; run `sysctl -w kernel.io_uring_disabled=0` as root"
                  .formatted(sysctl);
      case Errno.ENOMEM ->
          "raise the memlock limit: `ulimit -l unlimited`, or `LimitMEMLOCK=infinity` in systemd";
      case Errno.EMFILE -> "raise the limit of open files: `ulimit -n 65536`";
      default -> "see the error; the portable backend does not need io_uring";
    };
  }

  private static String readSysctl() {
    try {
      return Files.readString(DISABLED_SYSCTL).strip();
    } catch (IOException e) {
      // The sysctl came with Linux 6.6; without it nothing but a filter can refuse.
      return "";
    }
  }

  static String kernelVersion() {
    return System.getProperty("os.version", "unknown");
  }
}

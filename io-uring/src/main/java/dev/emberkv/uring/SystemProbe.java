package dev.emberkv.uring;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * What this machine offers a store, found out by trying: kernel, io_uring, registered buffers,
 * direct I/O on the data directory, huge pages.
 *
 * <p>Stateless and thread-safe. Nothing stays behind: rings are closed and the file made in the
 * data directory is deleted.
 */
public final class SystemProbe {
  /** What a busy store registers: enough queues and buffers for a few dozen threads. */
  private static final long REGISTERED_BYTES = 64L << 20;

  private static final Path HUGE_PAGE_MODE = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
  private static final Path LIMITS = Path.of("/proc/self/limits");

  private SystemProbe() {}

  /**
   * Tries everything.
   *
   * @param directory where a store's data would live; it need not exist yet, its nearest existing
   *     parent is tried then
   */
  public static List<Finding> run(Path directory) {
    Finding uring = ioUring();
    return List.of(
        kernel(),
        uring,
        registeredBuffers(uring.ok()),
        directIo(directory),
        hugePages(),
        Vectors.finding());
  }

  /** Tells the kernel's version. */
  public static Finding kernel() {
    return Finding.good(
        "kernel", System.getProperty("os.name", "unknown") + " " + UringProbe.kernelVersion());
  }

  /** Sends a request through a ring. */
  public static Finding ioUring() {
    return UringProbe.run();
  }

  private static Finding registeredBuffers(boolean uringWorks) {
    String name = "registered buffers";
    String limit = "memlock limit " + memlockLimit();
    if (!uringWorks) {
      return Finding.bad(name, "need io_uring; " + limit, "see io_uring");
    }
    try (NativeMemory memory = NativeMemory.reserve(REGISTERED_BYTES);
        Ring ring = new Ring(1, RingMode.SHARED)) {
      int errno = FixedBuffers.register(ring, memory).errno();
      String size = (REGISTERED_BYTES >> 20) + " MiB";
      return errno == 0
          ? Finding.good(name, "%s can be registered, %s".formatted(size, limit))
          : Finding.bad(
              name,
              "%s can't be registered: %s; %s".formatted(size, Errno.describe(errno), limit),
              "`ulimit -l unlimited`, or LimitMEMLOCK=infinity in systemd,"
                  + " or `--ulimit memlock=-1` for docker");
    } catch (IoFailure e) {
      return Finding.bad(name, e.toString(), "see io_uring");
    }
  }

  /** Returns the limit as the kernel prints it, with its unit, or why it is unknown. */
  private static String memlockLimit() {
    try (Stream<String> lines = Files.lines(LIMITS)) {
      return lines
          .filter(line -> line.startsWith("Max locked memory"))
          .map(line -> line.substring("Max locked memory".length()).strip().split("\\s+", -1)[0])
          .map(soft -> soft.equals("unlimited") ? soft : soft + " bytes")
          .findFirst()
          .orElse("unknown");
    } catch (IOException | UncheckedIOException e) {
      return "unknown (" + e.getMessage() + ")";
    }
  }

  /** Opens a file in the directory with O_DIRECT. */
  public static Finding directIo(Path directory) {
    String name = "O_DIRECT";
    Path existing = directory.toAbsolutePath();
    while (!Files.isDirectory(existing) && existing.getParent() != null) {
      existing = existing.getParent();
    }
    try {
      Path trial = Files.createTempFile(existing, "emberkv-probe", ".tmp");
      try (UringFile file = UringFile.open(trial, 0, new AtomicInteger())) {
        return file.direct()
            ? Finding.good(
                name, "works in %s, alignment %d bytes".formatted(existing, file.alignmentBytes()))
            : Finding.bad(
                name,
                "the file system of %s has none, so reads go through the page cache"
                    .formatted(existing),
                "keep the data on ext4 or xfs on a local NVMe device");
      } finally {
        Files.delete(trial);
      }
    } catch (IOException | IoFailure e) {
      return Finding.bad(
          name, "no file can be made in %s: %s".formatted(existing, e), "check its permissions");
    }
  }

  /** Reads whether memory that asks for huge pages gets them. */
  public static Finding hugePages() {
    String name = "transparent huge pages";
    try {
      return hugePages(Files.readString(HUGE_PAGE_MODE));
    } catch (IOException e) {
      return Finding.bad(name, "the kernel has none (" + e + ")", "use a kernel with THP support");
    }
  }

  /** Judges the kernel's setting, which looks like {@code always [madvise] never}. */
  static Finding hugePages(String setting) {
    String name = "transparent huge pages";
    int open = setting.indexOf('[');
    int close = setting.indexOf(']');
    String mode = open >= 0 && close > open ? setting.substring(open + 1, close) : setting.strip();
    return mode.equals("always") || mode.equals("madvise")
        ? Finding.good(name, mode)
        : Finding.bad(
            name,
            mode + ": memory stays on 4 KiB pages, and lookups wait for the TLB",
            "as root: echo madvise > " + HUGE_PAGE_MODE);
  }
}

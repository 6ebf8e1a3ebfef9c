package dev.emberkv.uring;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random 4 KiB reads with each ring mode, with and without registration, beside fio on the same
 * file in the same minute. Prints; asserts nothing. See docs/adr/0002.
 *
 * <p>{@code mvn -pl io-uring test -Dexcluded.tags= -Dtest=RandomReadTrial}
 */
@Tag("long")
final class RandomReadTrial {
  private static final int BLOCK = 4096;
  private static final long FILE_BYTES = 2L << 30;
  private static final double SECONDS =
      Double.parseDouble(System.getProperty("trial.seconds", "4"));

  private static final int ROUNDS = 3;
  private static final String FIO_BATCHED =
      "--registerfiles --fixedbufs --iodepth_batch_submit=32 --iodepth_batch_complete_min=32"
          + " --iodepth_batch_complete_max=128";

  @TempDir Path directory;

  @Test
  void compare() throws Exception {
    KernelUring.require();
    Path path = directory.resolve("trial");
    UringBackend backend = new UringBackend();
    try (DirectFile file = backend.open(path);
        NativeMemory memory = NativeMemory.reserve(128L * BLOCK)) {
      writeAll(backend, file, memory);
      System.out.printf("direct %s, alignment %d%n", file.direct(), file.alignmentBytes());
      for (int round = 0; round < ROUNDS; round++) {
        fio(path, 128, "");
        fio(path, 128, FIO_BATCHED);
        for (RingMode mode : List.of(RingMode.PLAIN, RingMode.SHARED, RingMode.SINGLE_THREAD)) {
          ring(backend, file, memory, mode, false, 128, 1);
          ring(backend, file, memory, mode, true, 128, 1);
          ring(backend, file, memory, mode, true, 128, 32);
        }
        fio(path, 1, "");
        ring(backend, file, memory, RingMode.SHARED, true, 1, 1);
        ring(backend, file, memory, RingMode.SINGLE_THREAD, true, 1, 1);
      }
    }
    try (ChannelBackend portable = new ChannelBackend();
        DirectFile file = portable.open(path);
        NativeMemory memory = NativeMemory.reserve(128L * BLOCK);
        IoQueue queue = portable.newQueue(128, memory)) {
      report("portable", file, queue, memory, 128, 32);
    }
  }

  private static void ring(
      UringBackend backend,
      DirectFile file,
      NativeMemory memory,
      RingMode mode,
      boolean registered,
      int depth,
      int minimum) {
    Ring ring = registered ? new Ring(depth, mode) : new BareRing(depth, mode);
    try (IoQueue queue = backend.queueOn(ring, depth, memory, null)) {
      String what = mode + (registered ? " registered" : "");
      report(what, file, queue, memory, depth, minimum);
    }
  }

  /** A ring that can't register anything. */
  private static final class BareRing extends Ring {
    BareRing(int depth, RingMode mode) {
      super(depth, mode);
    }

    @Override
    int registerFileTable(int slots) {
      return -Errno.EPERM;
    }

    @Override
    int registerBuffers(long address, long sizeBytes, long bufferBytes) {
      return -Errno.EPERM;
    }
  }

  private static void report(
      String what, DirectFile file, IoQueue queue, NativeMemory memory, int depth, int minimum) {
    SplittableRandom random = new SplittableRandom(1);
    long blocks = FILE_BYTES / BLOCK;
    long[] done = new long[1];
    CompletionHandler handler =
        (userData, result) -> {
          if (result != BLOCK) {
            throw new IllegalStateException("read gave " + result);
          }
          done[0]++;
          queue.read(
              file,
              random.nextLong(blocks) * BLOCK,
              memory.address() + userData * BLOCK,
              BLOCK,
              userData);
        };
    for (int i = 0; i < depth; i++) {
      queue.read(
          file, random.nextLong(blocks) * BLOCK, memory.address() + (long) i * BLOCK, BLOCK, i);
    }
    long cpuStart = cpuNanos();
    long start = System.nanoTime();
    while (System.nanoTime() - start < SECONDS * 1e9) {
      queue.await(minimum, handler);
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    double cpu = (cpuNanos() - cpuStart) / 1e9;
    System.out.printf(
        Locale.ROOT,
        "%-38s depth %3d, wait for %2d: %8.0f reads/s, %4.2f us CPU each%n",
        what,
        depth,
        minimum,
        done[0] / seconds,
        cpu * 1e6 / done[0]);
  }

  /** Returns the CPU time of this thread, kernel and user. */
  private static long cpuNanos() {
    try {
      String stat = Files.readString(Path.of("/proc/thread-self/schedstat"));
      return Long.parseLong(stat.substring(0, stat.indexOf(' ')));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void writeAll(IoBackend backend, DirectFile file, NativeMemory memory) {
    int chunk = 128 * BLOCK;
    try (IoQueue queue = backend.newQueue(1, memory)) {
      SplittableRandom random = new SplittableRandom(2);
      for (long at = 0; at < FILE_BYTES; at += chunk) {
        for (int i = 0; i < chunk; i += 8) {
          RawMemory.putLong(memory.address() + i, random.nextLong());
        }
        queue.write(file, at, memory.address(), chunk, 0);
        queue.await(1, (userData, result) -> {});
      }
    }
    file.sync();
  }

  private static void fio(Path path, int depth, String more) throws Exception {
    String command =
        "fio --name=t --filename=%s --ioengine=io_uring --direct=1 --bs=4k --rw=randread --iodepth=%d --time_based --runtime=%d --norandommap --randrepeat=0 %s"
            .formatted(path, depth, (int) SECONDS, more);
    String output;
    try {
      Process process = new ProcessBuilder("sh", "-c", command).redirectErrorStream(true).start();
      output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      output = e.toString();
    }
    Matcher iops = Pattern.compile("IOPS=([0-9.]+k?)").matcher(output);
    Matcher cpu = Pattern.compile("cpu +: usr=([0-9.]+)%, sys=([0-9.]+)%").matcher(output);
    System.out.printf(
        "fio depth %d %s: %s reads/s, %s%n",
        depth, more, iops.find() ? iops.group(1) : output, cpu.find() ? cpu.group() : "");
    if (!Files.exists(path)) {
      throw new IllegalStateException("fio removed the file");
    }
  }
}

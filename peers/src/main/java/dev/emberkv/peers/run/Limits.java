package dev.emberkv.peers.run;

import dev.emberkv.bench.workload.DeviceRequests;
import dev.emberkv.bench.workload.Measurement;
import dev.emberkv.uring.DirectFile;
import dev.emberkv.uring.IoBackend;
import dev.emberkv.uring.IoMode;
import dev.emberkv.uring.NativeMemory;
import dev.emberkv.uring.RawMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What the machine gives when no store is in the way; one value of each for each round.
 *
 * @param io the backend that the device was asked with
 * @param randomReads reads of 4 KiB a second at depth 128
 * @param singleReads the same at depth 1
 * @param sequentialReadBytes bytes a second in blocks of 1 MiB
 * @param sequentialWriteBytes the same, written
 * @param copyBytes bytes a second that one thread copies from DRAM to DRAM
 */
public record Limits(
    String io,
    List<Double> randomReads,
    List<Double> singleReads,
    List<Double> sequentialReadBytes,
    List<Double> sequentialWriteBytes,
    List<Double> copyBytes) {
  private static final int PAGE_BYTES = 4096;
  private static final int BLOCK_BYTES = 1 << 20;
  private static final int DEPTH = 128;
  private static final int SEQUENTIAL_DEPTH = 16;
  private static final long COPIED_BYTES = 256L << 20;

  /** Measures, in a file of its own that is deleted afterwards. */
  static Limits measure(Path directory, long fileBytes, int rounds, double seconds)
      throws InterruptedException, IOException {
    Path path = directory.resolve("device.dat");
    try (IoBackend backend = IoBackend.open(IoMode.AUTO);
        DirectFile file = backend.open(path)) {
      file.allocate(0, fileBytes);
      DeviceRequests large = new DeviceRequests(backend, file, SEQUENTIAL_DEPTH, BLOCK_BYTES);
      DeviceRequests pages = new DeviceRequests(backend, file, DEPTH, PAGE_BYTES);
      Limits limits =
          new Limits(
              backend.name(),
              new ArrayList<>(),
              new ArrayList<>(),
              new ArrayList<>(),
              new ArrayList<>(),
              new ArrayList<>());
      for (int round = 0; round < rounds; round++) {
        Measurement written = large.sequential(fileBytes, true);
        file.sync();
        Measurement read = large.sequential(fileBytes, false);
        limits.sequentialWriteBytes.add(written.rowsPerSecond() * BLOCK_BYTES);
        limits.sequentialReadBytes.add(read.rowsPerSecond() * BLOCK_BYTES);
        limits.randomReads.add(pages.readRandom(1, fileBytes, seconds, round).rowsPerSecond());
        limits.singleReads.add(
            pages.withDepth(1).readRandom(1, fileBytes, seconds / 2, round).rowsPerSecond());
        limits.copyBytes.add(copy());
      }
      return limits;
    } finally {
      Files.deleteIfExists(path);
    }
  }

  private static double copy() {
    try (NativeMemory from = NativeMemory.reserve(COPIED_BYTES);
        NativeMemory to = NativeMemory.reserve(COPIED_BYTES)) {
      from.segment().fill((byte) 1);
      RawMemory.copy(from.address(), to.address(), COPIED_BYTES); // touches the pages
      long start = System.nanoTime();
      RawMemory.copy(from.address(), to.address(), COPIED_BYTES);
      return COPIED_BYTES * 1e9 / (System.nanoTime() - start);
    }
  }
}

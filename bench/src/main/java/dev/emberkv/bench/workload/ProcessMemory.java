package dev.emberkv.bench.workload;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What Linux says about memory, of this process and of the machine. */
public final class ProcessMemory {
  private ProcessMemory() {}

  /** Returns the physical memory that this process takes now, in bytes. */
  public static long residentBytes() {
    return read("/proc/self/status", "VmRSS:");
  }

  /** Returns the memory that a program can still take without pushing others out, in bytes. */
  public static long availableBytes() {
    return read("/proc/meminfo", "MemAvailable:");
  }

  private static long read(String file, String field) {
    try (var lines = Files.lines(Path.of(file))) {
      String line = lines.filter(l -> l.startsWith(field)).findFirst().orElseThrow();
      String kilobytes = line.substring(field.length()).replace("kB", "").strip();
      return Long.parseLong(kilobytes) * 1024;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

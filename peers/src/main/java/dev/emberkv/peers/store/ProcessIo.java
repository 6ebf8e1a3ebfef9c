package dev.emberkv.peers.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What Linux counts for a process.
 *
 * @param readCalls read system calls
 * @param readBytes bytes fetched from the device, also by faults on mapped files
 * @param writeBytes bytes sent to the device, or made dirty in the page cache
 * @param majorFaults faults that had to wait for the device
 * @param residentBytes physical memory of the process
 */
public record ProcessIo(
    long readCalls, long readBytes, long writeBytes, long majorFaults, long residentBytes) {
  private static final int MAJOR_FAULTS_FIELD = 9; // behind the name: proc(5), fields 3 and on

  /** Reads the counters of this process. */
  public static ProcessIo self() {
    return of(ProcessHandle.current().pid());
  }

  /** Reads the counters of a process. */
  public static ProcessIo of(long pid) {
    Path directory = Path.of("/proc", Long.toString(pid));
    try {
      String io = Files.readString(directory.resolve("io"));
      String stat = Files.readString(directory.resolve("stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      return new ProcessIo(
          field(io, "syscr:"),
          field(io, "read_bytes:"),
          field(io, "write_bytes:"),
          Long.parseLong(fields[MAJOR_FAULTS_FIELD]),
          field(Files.readString(directory.resolve("status")), "VmRSS:") * 1024);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns what a store asked of the device that reads with system calls, one for each row. */
  Activity asReader() {
    return new Activity(readCalls, readBytes, writeBytes);
  }

  /** Returns what a store asked of the device that maps its file. */
  Activity asMapped() {
    return new Activity(majorFaults, readBytes, writeBytes);
  }

  private static long field(String text, String name) {
    String line = text.lines().filter(l -> l.startsWith(name)).findFirst().orElseThrow();
    return Long.parseLong(line.substring(name.length()).replace("kB", "").strip());
  }
}

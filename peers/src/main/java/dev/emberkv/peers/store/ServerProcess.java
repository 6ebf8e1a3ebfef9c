package dev.emberkv.peers.store;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A server on a free port of the loopback interface, which ends when this process does, however
 * that ends: a shell between the two waits for a line, and asks the server to end then, or for the
 * end of its input, and kills it.
 */
final class ServerProcess implements AutoCloseable {
  private static final String GUARD =
      "\"$@\" >\"$0\" 2>&1 </dev/null & echo $!; signal=KILL; read -r line && signal=TERM;"
          + " kill -$signal $! 2>/dev/null; wait";

  private static final long START_NANOS = 60_000_000_000L;
  private static final int STOP_SECONDS = 30;

  private final Process guard;
  private final long pid;
  private final int port;
  private final Path log;

  private ServerProcess(Process guard, long pid, int port, Path log) {
    this.guard = guard;
    this.pid = pid;
    this.port = port;
    this.log = log;
  }

  /** Makes the command line of a server for a port. */
  interface Command {
    List<String> onPort(int port);
  }

  /** Starts a server; what it prints goes to a file. */
  static ServerProcess start(Path log, Command command) {
    try {
      int port;
      try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        port = free.getLocalPort();
      }
      List<String> guarded = new ArrayList<>(List.of("sh", "-c", GUARD, log.toString()));
      guarded.addAll(command.onPort(port));
      Process guard =
          new ProcessBuilder(guarded).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      BufferedReader output =
          new BufferedReader(
              new InputStreamReader(guard.getInputStream(), StandardCharsets.US_ASCII));
      String pid = output.readLine();
      if (pid == null) {
        throw new IllegalStateException("no shell to start " + guarded.getLast() + " with");
      }
      return new ServerProcess(guard, Long.parseLong(pid.strip()), port, log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Connects, as soon as the server listens. */
  SocketChannel connect() {
    long end = System.nanoTime() + START_NANOS;
    while (true) {
      try {
        SocketChannel channel =
            SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        channel.setOption(java.net.StandardSocketOptions.TCP_NODELAY, true);
        return channel;
      } catch (IOException e) {
        if (!alive() || System.nanoTime() - end > 0) {
          close();
          throw new IllegalStateException("the server did not start: " + lastWords(), e);
        }
        pause();
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(50);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  private boolean alive() {
    // One that has ended stays until the guard asks for it, but has no command any more.
    return ProcessHandle.of(pid).flatMap(process -> process.info().command()).isPresent();
  }

  private String lastWords() {
    try (var lines = Files.lines(log)) {
      return lines.reduce("", (first, second) -> second);
    } catch (IOException e) {
      return "it said nothing";
    }
  }

  long pid() {
    return pid;
  }

  /** Asks the server to end, waits, and kills it if it does not. */
  @Override
  public void close() {
    try {
      try (OutputStream orders = guard.getOutputStream()) {
        orders.write('\n');
      }
      if (!guard.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        guard.waitFor();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}

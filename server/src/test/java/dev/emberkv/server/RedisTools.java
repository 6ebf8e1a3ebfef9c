package dev.emberkv.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** Redis' own programs, where this machine has them. */
final class RedisTools {
  private RedisTools() {}

  /** Skips the test, and says why, when a program is not installed. */
  static void assumeInstalled(String program) {
    boolean installed;
    try {
      installed = run(List.of(program, "--version"), "").contains("edis");
    } catch (IOException e) {
      installed = false;
    }
    if (!installed) {
      System.out.println("SKIPPED: " + program + " is not installed, nothing to compare with");
    }
    Assumptions.assumeTrue(installed, program + " is not installed");
  }

  /** Runs a program with that input and returns all its output. */
  static String run(List<String> command, String input) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      process.getOutputStream().write(input.getBytes(StandardCharsets.UTF_8));
      process.getOutputStream().close();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        throw new IOException(command + " does not end; its output: " + output);
      }
      return output;
    } catch (InterruptedException e) {
      throw new IOException(e);
    } finally {
      process.destroyForcibly();
    }
  }

  /** Starts a Redis server without persistence on a free port of the loopback interface. */
  static RedisServer startServer(Path directory) throws Exception {
    int port;
    try (ServerSocket probe = new ServerSocket(0)) {
      port = probe.getLocalPort();
    }
    Process process =
        new ProcessBuilder(
                "redis-server",
                "--port",
                String.valueOf(port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                directory.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    RedisServer server = new RedisServer(process, port);
    for (int attempt = 0; attempt < 200; attempt++) {
      try (RawClient client = server.connect()) {
        if (client.send("PING\r\n").line().equals("+PONG")) {
          return server;
        }
      } catch (IOException e) {
        Thread.sleep(50);
      }
    }
    server.close();
    throw new IOException("redis-server does not answer on port " + port);
  }

  /** A running Redis server. */
  record RedisServer(Process process, int port) implements AutoCloseable {
    RawClient connect() throws IOException {
      return new RawClient(new Socket(InetAddress.getLoopbackAddress(), port));
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }
}

package dev.emberkv.peers.store;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * A connection's two buffers: lines and blobs in and out, without an object for each.
 *
 * <p>Not thread-safe.
 */
final class Wire implements AutoCloseable {
  private static final int INPUT_BYTES = 1 << 20;

  private final SocketChannel channel;
  private final ByteBuffer input = ByteBuffer.allocateDirect(INPUT_BYTES).flip();
  private final ByteBuffer output = ByteBuffer.allocateDirect(INPUT_BYTES);

  Wire(SocketChannel channel) {
    this.channel = channel;
  }

  /** Adds ASCII text to what is sent. */
  Wire text(String text) {
    room(text.length());
    for (int i = 0; i < text.length(); i++) {
      output.put((byte) text.charAt(i));
    }
    return this;
  }

  /** Adds a number in decimal digits. */
  Wire number(long value) {
    return text(Long.toString(value));
  }

  /** Adds bytes. */
  Wire bytes(MemorySegment source, long offset, int length) {
    room(length);
    MemorySegment.copy(source, offset, MemorySegment.ofBuffer(output), 0, length);
    output.position(output.position() + length);
    return this;
  }

  private void room(int bytes) {
    if (output.remaining() < bytes) {
      flush();
    }
    if (output.remaining() < bytes) {
      throw new IllegalArgumentException(bytes + " bytes at once");
    }
  }

  /** Sends what was added. */
  void flush() {
    output.flip();
    try {
      while (output.hasRemaining()) {
        channel.write(output);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    output.clear();
  }

  /** Receives a line, without its end. */
  String line() {
    StringBuilder line = new StringBuilder();
    for (byte b = next(); b != '\r'; b = next()) {
      line.append((char) b);
    }
    next(); // the line feed
    return line.toString();
  }

  /** Receives one byte and the number behind it, to the end of the line. */
  long number(char kind) {
    byte first = next();
    if (first != kind) {
      throw new IllegalStateException("the server answered " + (char) first + line());
    }
    long value = 0;
    boolean negative = false;
    for (byte b = next(); b != '\r'; b = next()) {
      if (b == '-') {
        negative = true;
      } else {
        value = value * 10 + b - '0';
      }
    }
    next(); // the line feed
    return negative ? -value : value;
  }

  /** Receives bytes. */
  void receive(MemorySegment target, long offset, long length) {
    long done = 0;
    while (done < length) {
      if (!input.hasRemaining()) {
        fill();
      }
      long some = Math.min(length - done, input.remaining());
      MemorySegment.copy(MemorySegment.ofBuffer(input), 0, target, offset + done, some);
      input.position(input.position() + (int) some);
      done += some;
    }
  }

  /** Receives the end of a line behind bytes. */
  void end() {
    if (next() != '\r' || next() != '\n') {
      throw new IllegalStateException("the server's blob has no end");
    }
  }

  private byte next() {
    if (!input.hasRemaining()) {
      fill();
    }
    return input.get();
  }

  private void fill() {
    input.clear();
    try {
      if (channel.read(input) < 0) {
        throw new EOFException("the server closed the connection");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    input.flip();
  }

  /** Runs a program that prints its version and returns the first line. */
  static String versionOf(String... command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return text.lines().findFirst().orElse("unknown");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

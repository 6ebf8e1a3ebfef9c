package dev.emberkv.server;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A socket that sends bytes as they are and compares bytes as they come. */
final class RawClient implements AutoCloseable {
  private static final int TIMEOUT_MILLIS = 20_000;

  final Socket socket;
  private final InputStream in;

  RawClient(Socket socket) throws IOException {
    this.socket = socket;
    socket.setSoTimeout(TIMEOUT_MILLIS);
    socket.setTcpNoDelay(true);
    in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
  }

  /** Sends text, one byte a character. */
  RawClient send(String text) throws IOException {
    return send(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  RawClient send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    return this;
  }

  /** Sends a command as an array of bulk strings. */
  RawClient command(String... words) throws IOException {
    return send(frame(words));
  }

  static byte[] frame(String... words) {
    byte[][] arguments = new byte[words.length][];
    for (int i = 0; i < words.length; i++) {
      arguments[i] = words[i].getBytes(StandardCharsets.ISO_8859_1);
    }
    return frame(arguments);
  }

  static byte[] frame(byte[]... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(("*" + arguments.length + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
    for (byte[] argument : arguments) {
      out.writeBytes(("$" + argument.length + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
      out.writeBytes(argument);
      out.writeBytes(new byte[] {'\r', '\n'});
    }
    return out.toByteArray();
  }

  /** Reads a line without its end. */
  String line() throws IOException {
    StringBuilder line = new StringBuilder();
    int b;
    while ((b = in.read()) != '\n') {
      if (b < 0) {
        throw new IOException("the stream ended behind '" + line + "'");
      }
      line.append((char) b);
    }
    return line.substring(0, line.length() - 1);
  }

  /** Reads so many bytes, one character each. */
  String take(int bytes) throws IOException {
    return new String(in.readNBytes(bytes), StandardCharsets.ISO_8859_1);
  }

  /** Reads everything up to the end of the stream. */
  String rest() throws IOException {
    return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}

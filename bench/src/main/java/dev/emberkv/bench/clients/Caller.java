package dev.emberkv.bench.clients;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A connection for one request after the other, whose replies are lines or bulk strings.
 *
 * <p>Not thread-safe.
 */
public final class Caller implements AutoCloseable {
  private final Socket socket = new Socket();
  private final InputStream in;

  /** Connects. */
  public Caller(InetSocketAddress server) throws IOException {
    socket.connect(server);
    socket.setTcpNoDelay(true);
    in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
  }

  /** Returns a request in RESP; all arguments are ASCII. */
  static String request(String... arguments) {
    StringBuilder request = new StringBuilder("*" + arguments.length + "\r\n");
    for (String argument : arguments) {
      request.append('$').append(argument.length()).append("\r\n").append(argument).append("\r\n");
    }
    return request.toString();
  }

  /**
   * Sends a request and returns its reply as text.
   *
   * @throws IOException when the reply is an error, too
   */
  public String call(String... arguments) throws IOException {
    send(request(arguments).getBytes(StandardCharsets.ISO_8859_1));
    String line = line();
    return switch (line.charAt(0)) {
      case '+', ':' -> line.substring(1);
      case '$' -> new String(body(line), StandardCharsets.UTF_8);
      default -> throw new IOException(arguments[0] + ": " + line);
    };
  }

  /** Sends bytes that are requests. */
  void send(byte[] requests) throws IOException {
    socket.getOutputStream().write(requests);
  }

  /** Reads a bulk string that must have so many bytes, and forgets it. */
  void skipBulk(int bytes) throws IOException {
    String line = line();
    if (!line.equals("$" + bytes)) {
      throw new IOException("not a reply of " + bytes + " bytes: " + line);
    }
    in.skipNBytes(bytes + 2L);
  }

  private byte[] body(String line) throws IOException {
    byte[] bytes = in.readNBytes(Integer.parseInt(line.substring(1)));
    in.skipNBytes(2);
    return bytes;
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    int b;
    while ((b = in.read()) != '\r') {
      if (b < 0) {
        throw new EOFException("the server closed the connection");
      }
      line.append((char) b);
    }
    in.skipNBytes(1);
    return line.toString();
  }

  /** Returns bytes as text, for messages. */
  static String text(ByteBuffer bytes) {
    return StandardCharsets.UTF_8.decode(bytes).toString();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}

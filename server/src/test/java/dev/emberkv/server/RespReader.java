package dev.emberkv.server;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Reads one reply of either protocol version: strings, and lists for every aggregate. */
final class RespReader {
  /** The null. */
  static final String NIL = "(nil)";

  private RespReader() {}

  static Object read(RawClient client) throws IOException {
    String line = client.line();
    String rest = line.substring(1);
    return switch (line.charAt(0)) {
      case '+', '-', ':', ',', '#' -> rest;
      case '_' -> NIL;
      case '$', '=' -> {
        if (rest.equals("-1")) {
          yield NIL;
        }
        String bulk = client.take(Integer.parseInt(rest));
        client.take(2);
        yield bulk;
      }
      case '*', '~', '%' -> {
        int elements = Integer.parseInt(rest) * (line.charAt(0) == '%' ? 2 : 1);
        List<Object> list = new ArrayList<>();
        for (int i = 0; i < elements; i++) {
          list.add(read(client));
        }
        yield list;
      }
      default -> throw new IOException("not a reply: " + line);
    };
  }
}

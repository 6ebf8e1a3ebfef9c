package dev.emberkv.server;

/**
 * Cuts an inline command into arguments, as Redis' {@code sdssplitargs} does: blanks separate,
 * {@code "..."} knows escapes ({@code \n \r \t \b \a \xHH}), {@code '...'} only {@code \'}, and
 * behind a closing quote there must be a blank or the end.
 *
 * <p>What comes out is never longer than what went in, so it is written over the input.
 */
final class InlineSplitter {
  private InlineSplitter() {}

  /** Adds the arguments in {@code [from, to)} and returns whether there was any. */
  static boolean split(byte[] data, int from, int to, RequestBatch batch) throws ProtocolException {
    int in = from;
    boolean any = false;
    while (true) {
      while (in < to && isBlank(data[in])) {
        in++;
      }
      if (in == to) {
        return any;
      }
      int out = in;
      int argument = in;
      while (in < to && !isBlank(data[in])) {
        byte b = data[in];
        if (b == '"' || b == '\'') {
          long moved = unquote(data, in, to, out);
          in = (int) (moved >>> 32);
          out = (int) moved;
          if (in < to && !isBlank(data[in])) {
            throw unbalanced();
          }
        } else {
          data[out++] = b;
          in++;
        }
      }
      batch.addArgument(argument, out - argument);
      any = true;
    }
  }

  /** Copies a quoted string to {@code out}; returns both ends, the one of the input on top. */
  private static long unquote(byte[] data, int quoteAt, int to, int out) throws ProtocolException {
    byte quote = data[quoteAt];
    int in = quoteAt + 1;
    int target = out;
    while (in < to) {
      byte b = data[in];
      if (b == quote) {
        return (long) (in + 1) << 32 | target;
      }
      if (b == '\\' && quote == '\'' && in + 1 < to && data[in + 1] == '\'') {
        data[target++] = '\'';
        in += 2;
      } else if (b == '\\' && quote == '"' && in + 1 < to) {
        if (data[in + 1] == 'x'
            && in + 3 < to
            && hex(data[in + 2]) >= 0
            && hex(data[in + 3]) >= 0) {
          data[target++] = (byte) (hex(data[in + 2]) << 4 | hex(data[in + 3]));
          in += 4;
        } else {
          data[target++] = escaped(data[in + 1]);
          in += 2;
        }
      } else {
        data[target++] = b;
        in++;
      }
    }
    throw unbalanced();
  }

  private static byte escaped(byte b) {
    return switch (b) {
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'b' -> '\b';
      case 'a' -> 7;
      default -> b;
    };
  }

  private static int hex(byte b) {
    return Character.digit((char) (b & 0xff), 16);
  }

  private static boolean isBlank(byte b) {
    return b == ' ' || (b >= '\t' && b <= '\r') || b == 0;
  }

  private static ProtocolException unbalanced() {
    return new ProtocolException("unbalanced quotes in request");
  }
}

package dev.emberkv.server;

import dev.emberkv.engine.StringKeyspace;

/**
 * SET and MSET; pipelined ones are written as one batch of the engine, so that with durability
 * {@code always} they share one flush. Of a key that is set twice the last value stays, as if they
 * had run one by one.
 */
final class StringWrites implements Command.RunHandler {
  private static final int MAX_BATCH_ARGUMENTS = 4096;

  private final StringKeyspace strings;

  StringWrites(StringKeyspace strings) {
    this.strings = strings;
  }

  /** Answers SET. */
  void set(Request request, Session session, RespEncoder out) {
    if (request.size() > 3) {
      refuseOption(request);
    }
    requireSizes(request);
    strings.put(request.bytes(1), request.bytes(2));
    out.ok();
  }

  /** Answers MSET. */
  void setSeveral(Request request, Session session, RespEncoder out) {
    if (request.size() % 2 == 0) {
      throw CommandException.wrongArity("mset");
    }
    requireSizes(request);
    strings.putAll(request.bytes(1, 2), request.bytes(2, 2));
    out.ok();
  }

  @Override
  public boolean accepts(Request request) {
    return request.size() <= MAX_BATCH_ARGUMENTS
        && request.size() % 2 == 1
        && (request.size() == 3 || request.is(0, "MSET"))
        && tooLarge(request) == 0;
  }

  @Override
  public int execute(RequestBatch batch, int from, int to, Session session, RespEncoder out) {
    int pairs = 0;
    Request request = new Request(batch);
    for (int command = from; command < to; command++) {
      pairs += request.at(command).size() / 2;
    }
    byte[][] keys = new byte[pairs][];
    byte[][] values = new byte[pairs][];
    int at = 0;
    for (int command = from; command < to; command++) {
      request.at(command);
      for (int i = 1; i < request.size(); i += 2) {
        keys[at] = request.bytes(i);
        values[at++] = request.bytes(i + 1);
      }
    }
    strings.putAll(keys, values);
    out.beginReply();
    for (int command = from; command < to; command++) {
      out.ok();
    }
    return to;
  }

  private static void requireSizes(Request request) {
    int argument = tooLarge(request);
    if (argument > 0) {
      boolean key = argument % 2 == 1;
      throw new CommandException(
          "ERR %s has %d bytes, the limit is %d"
              .formatted(
                  key ? "key" : "value",
                  request.length(argument),
                  key ? StringKeyspace.MAX_KEY_BYTES : StringKeyspace.MAX_VALUE_BYTES));
    }
  }

  /** Returns the first key or value over its cap, or 0. */
  private static int tooLarge(Request request) {
    for (int i = 1; i < request.size(); i++) {
      int cap = i % 2 == 1 ? StringKeyspace.MAX_KEY_BYTES : StringKeyspace.MAX_VALUE_BYTES;
      if (request.length(i) > cap) {
        return i;
      }
    }
    return 0;
  }

  /** Answers an option: a known one with what is missing, any other as a syntax error. */
  private static void refuseOption(Request request) {
    for (String option : new String[] {"NX", "XX", "GET", "EX", "PX", "EXAT", "PXAT", "KEEPTTL"}) {
      if (request.is(3, option)) {
        throw new CommandException("ERR SET: " + option + " is not supported by this version");
      }
    }
    throw CommandException.syntaxError();
  }
}

package dev.emberkv.server;

import dev.emberkv.engine.StringBatch;
import dev.emberkv.engine.StringEntry;
import dev.emberkv.engine.StringKeyspace;

/**
 * SET without options, MSET and MSETNX. Pipelined SETs are written as one batch of the engine, so
 * that with durability {@code always} they share one flush. Of a key that is set twice the last
 * value stays, as if they had run one by one.
 */
final class StringWrites implements Command.RunHandler {
  private final Data data;
  private final ThreadLocal<StringBatch> batches = ThreadLocal.withInitial(StringBatch::new);

  StringWrites(Data data) {
    this.data = data;
  }

  @Override
  public boolean accepts(Request request) {
    return request.size() == 3
        && request.length(1) <= StringKeyspace.MAX_KEY_BYTES
        && request.length(2) <= StringKeyspace.MAX_VALUE_BYTES;
  }

  @Override
  public int execute(RequestBatch batch, int from, int to, Session session, RespEncoder out) {
    StringKeyspace strings = data.of(session);
    StringBatch pairs = batches.get();
    pairs.clear(batch.data());
    for (int command = from; command < to; command++) {
      int key = batch.firstArgument(command) + 1;
      pairs.add(batch.offset(key), batch.length(key), batch.offset(key + 1), batch.length(key + 1));
    }
    int written = strings.putAll(pairs, 0);
    out.beginReply();
    for (int i = 0; i < written; i++) {
      out.ok();
    }
    return from + written;
  }

  /** Answers MSET. */
  void setSeveral(Request request, Session session, RespEncoder out) {
    requirePairs(request, "mset");
    data.of(session).putAll(request.bytes(1, 2), request.bytes(2, 2));
    out.ok();
  }

  /** Answers MSETNX; the caller is alone. */
  void setSeveralIfAbsent(Request request, Session session, RespEncoder out) {
    requirePairs(request, "msetnx");
    StringKeyspace strings = data.of(session);
    boolean absent = true;
    for (int i = 1; i < request.size(); i += 2) {
      absent &= !strings.contains(request.bytes(i));
    }
    if (absent) {
      strings.putAll(request.bytes(1, 2), request.bytes(2, 2));
    }
    out.integer(absent ? 1 : 0);
  }

  /** Answers SETNX. */
  void setIfAbsent(Request request, Session session, RespEncoder out) {
    Data.requireSizes(request.length(1), request.length(2));
    boolean done = data.of(session).putIfAbsent(request.bytes(1), request.bytes(2));
    out.integer(done ? 1 : 0);
  }

  private static void requirePairs(Request request, String command) {
    if (request.size() % 2 == 0) {
      throw CommandException.wrongArity(command);
    }
    for (int i = 1; i < request.size(); i += 2) {
      Data.requireSizes(request.length(i), request.length(i + 1));
    }
  }

  /** Returns the entry of a plain string. */
  static StringEntry entry(byte[] value, long expiresAtMillis) {
    return StringEntry.of(value).withExpiry(expiresAtMillis);
  }
}

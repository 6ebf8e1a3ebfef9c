package dev.emberkv.server;

import dev.emberkv.engine.HashKeyspace;
import java.util.ArrayList;
import java.util.List;

/** HRANDFIELD. */
final class HashRandom {
  private static final int MAX_REPEATED = 1 << 20;

  private final Data data;

  HashRandom(Data data) {
    this.data = data;
  }

  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Field(byte[] name, byte[] value) {}

  /** Answers HRANDFIELD. */
  void randomField(Request request, Session session, RespEncoder out) {
    boolean withValues = request.size() == 4 && request.is(3, "WITHVALUES");
    if (request.size() > 4 || (request.size() == 4 && !withValues)) {
      throw CommandException.syntaxError();
    }
    long count = request.size() > 2 ? request.integer(2) : 1;
    if (count < -(Long.MAX_VALUE / 2) || count > Long.MAX_VALUE / 2) {
      throw new CommandException("ERR value is out of range");
    }
    List<Field> chosen = choose(data.of(session).hashes(), request.bytes(1), count);
    data.count(1, chosen.isEmpty() && !data.of(session).contains(request.bytes(1)) ? 0 : 1);
    if (request.size() == 2) {
      out.bulkOrNil(chosen.isEmpty() ? null : chosen.getFirst().name);
      return;
    }
    boolean pairs = withValues && out.isResp3();
    out.array(withValues && !pairs ? 2 * chosen.size() : chosen.size());
    for (Field field : chosen) {
      if (pairs) {
        out.array(2);
      }
      out.bulk(field.name);
      if (withValues) {
        out.bulk(field.value);
      }
    }
  }

  /** Chooses so many fields that differ, or, where the count is negative, that may not. */
  private static List<Field> choose(HashKeyspace hashes, byte[] key, long count) {
    List<Field> chosen = new ArrayList<>();
    long size = hashes.size(key);
    if (size == 0 || count == 0) {
      return chosen;
    }
    if (-count > MAX_REPEATED) {
      throw new CommandException("ERR value is out of range");
    }
    int wanted = (int) Math.min(Math.abs(count), Integer.MAX_VALUE);
    hashes.sample(key, wanted, count > 0, (name, value) -> chosen.add(new Field(name, value)));
    return chosen;
  }
}

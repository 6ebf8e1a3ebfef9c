package dev.emberkv.server;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** HRANDFIELD. */
final class HashRandom {
  private final Hashes hashes;

  HashRandom(Hashes hashes) {
    this.hashes = hashes;
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
    List<Field> fields = new ArrayList<>();
    hashes.forEach(request, session, (name, value) -> fields.add(new Field(name, value)));
    Random random = new Random();
    if (request.size() == 2) {
      if (fields.isEmpty()) {
        out.nil();
      } else {
        out.bulk(fields.get(random.nextInt(fields.size())).name);
      }
      return;
    }
    List<Field> chosen = choose(fields, count, random);
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

  private static List<Field> choose(List<Field> fields, long count, Random random) {
    if (fields.isEmpty() || count == 0) {
      return List.of();
    }
    if (count > 0) {
      Collections.shuffle(fields, random);
      return fields.subList(0, (int) Math.min(count, fields.size()));
    }
    if (-count > 1 << 20) {
      throw new CommandException("ERR value is out of range");
    }
    List<Field> chosen = new ArrayList<>();
    for (long i = 0; i < -count; i++) {
      chosen.add(fields.get(random.nextInt(fields.size())));
    }
    return chosen;
  }
}

package dev.emberkv.server;

import dev.emberkv.engine.KeyInfo;
import dev.emberkv.engine.StringEntry;

/** The commands on a key's time to live. */
final class ExpiryCommands {
  private static final long MISSING = -2;
  private static final long STAYS = -1;

  private final Data data;

  ExpiryCommands(Data data) {
    this.data = data;
  }

  /** The conditions that EXPIRE and its like take. */
  private static final class Conditions {
    boolean ifNone;
    boolean ifSome;
    boolean ifLater;
    boolean ifEarlier;

    Conditions(Request request) {
      for (int i = 3; i < request.size(); i++) {
        if (request.is(i, "NX")) {
          ifNone = true;
        } else if (request.is(i, "XX")) {
          ifSome = true;
        } else if (request.is(i, "GT")) {
          ifLater = true;
        } else if (request.is(i, "LT")) {
          ifEarlier = true;
        } else {
          throw new CommandException("ERR Unsupported option " + request.text(i));
        }
      }
      if (ifNone && (ifSome || ifLater || ifEarlier)) {
        throw new CommandException(
            "ERR NX and XX, GT or LT options at the same time are not compatible");
      }
      if (ifLater && ifEarlier) {
        throw new CommandException("ERR GT and LT options at the same time are not compatible");
      }
    }

    boolean allow(long old, long wanted) {
      boolean has = old != StringEntry.NEVER;
      return !(ifNone && has)
          && !(ifSome && !has)
          && !(ifLater && wanted <= old)
          && !(ifEarlier && wanted >= old);
    }
  }

  /** Defines EXPIRE or one of its like. */
  Command set(String name, Deadline deadline, String summary) {
    return KeyCommands.write(name, -3, summary)
        .hot()
        .handler((request, session, out) -> {
          long expiresAt = deadline.millis(request, 2, name, false);
          Conditions conditions = new Conditions(request);
          boolean[] done = new boolean[1];
          data.of(session)
              .update(
                  request.bytes(1),
                  seen -> {
                    done[0] = seen != null && conditions.allow(seen.expiresAtMillis(), expiresAt);
                    if (!done[0] || seen == null) {
                      return seen;
                    }
                    return expiresAt <= System.currentTimeMillis()
                        ? null
                        : seen.withExpiry(expiresAt);
                  });
          out.integer(done[0] ? 1 : 0);
        })
        .build();
  }

  /** Defines TTL or one of its like. */
  Command get(String name, Deadline unit, String summary) {
    return KeyCommands.read(name, 2, summary)
        .hot()
        .handler((request, session, out) -> {
          KeyInfo info = data.of(session).info(request.bytes(1));
          out.integer(info == null ? MISSING : shown(info.expiresAtMillis(), unit));
        })
        .build();
  }

  private static long shown(long expiresAt, Deadline unit) {
    if (expiresAt == StringEntry.NEVER) {
      return STAYS;
    }
    if (unit.absolute()) {
      return expiresAt / unit.unitMillis();
    }
    long left = Math.max(0, expiresAt - System.currentTimeMillis());
    return (left + unit.unitMillis() / 2) / unit.unitMillis();
  }

  /** Answers PERSIST. */
  void persist(Request request, Session session, RespEncoder out) {
    boolean[] done = new boolean[1];
    data.of(session)
        .update(
            request.bytes(1),
            seen -> {
              done[0] = seen != null && seen.expiresAtMillis() != StringEntry.NEVER;
              return seen != null && done[0] ? seen.withExpiry(StringEntry.NEVER) : seen;
            });
    out.integer(done[0] ? 1 : 0);
  }
}

package dev.emberkv.server;

import dev.emberkv.engine.StringEntry;
import org.jspecify.annotations.Nullable;

/** SET with its options, and the older commands that are SET with one of them. */
final class SetCommand {
  private final Data data;

  SetCommand(Data data) {
    this.data = data;
  }

  /** What stands behind the value. */
  private static final class Options {
    boolean ifAbsent;
    boolean ifPresent;
    boolean returnOld;
    boolean keepTtl;
    long expiresAt = StringEntry.NEVER;

    Options(Request request) {
      boolean hasExpiry = false;
      for (int i = 3; i < request.size(); i++) {
        Deadline deadline = Deadline.option(request, i);
        if (request.is(i, "NX") && !ifPresent) {
          ifAbsent = true;
        } else if (request.is(i, "XX") && !ifAbsent) {
          ifPresent = true;
        } else if (request.is(i, "GET")) {
          returnOld = true;
        } else if (request.is(i, "KEEPTTL") && !hasExpiry) {
          keepTtl = true;
        } else if (deadline != null && !hasExpiry && !keepTtl && i + 1 < request.size()) {
          hasExpiry = true;
          expiresAt = deadline.millis(request, ++i, "set", true);
        } else {
          throw CommandException.syntaxError();
        }
      }
    }
  }

  /** Answers SET. */
  void set(Request request, Session session, RespEncoder out) {
    Options options = new Options(request);
    Data.requireSizes(request.length(1), request.length(2));
    byte[] key = request.bytes(1);
    byte[] value = request.bytes(2);
    boolean[] written = new boolean[1];
    byte[] @Nullable [] old = new byte[1][];
    data.of(session)
        .update(
            key,
            seen -> {
              if (options.returnOld) {
                StringEntry string = Data.requireString(seen);
                old[0] = string == null ? null : string.value();
              }
              if (seen == null ? options.ifPresent : options.ifAbsent) {
                return seen;
              }
              written[0] = true;
              long expiresAt =
                  options.keepTtl && seen != null ? seen.expiresAtMillis() : options.expiresAt;
              return StringWrites.entry(value, expiresAt);
            });
    if (options.returnOld) {
      data.count(1, old[0] == null ? 0 : 1);
      out.bulkOrNil(old[0]);
    } else if (written[0]) {
      out.ok();
    } else {
      out.nil();
    }
  }

  /** Answers SETEX and PSETEX. */
  Command.Handler withExpiry(Deadline deadline, String name) {
    return (request, session, out) -> {
      long expiresAt = deadline.millis(request, 2, name, true);
      Data.requireSizes(request.length(1), request.length(3));
      byte[] value = request.bytes(3);
      data.of(session).update(request.bytes(1), seen -> StringWrites.entry(value, expiresAt));
      out.ok();
    };
  }

  /** Answers GETSET. */
  void getSet(Request request, Session session, RespEncoder out) {
    Data.requireSizes(request.length(1), request.length(2));
    byte[] value = request.bytes(2);
    byte[] @Nullable [] old = new byte[1][];
    data.editString(
        request,
        session,
        seen -> {
          old[0] = seen == null ? null : seen.value();
          return StringEntry.of(value);
        });
    data.count(1, old[0] == null ? 0 : 1);
    out.bulkOrNil(old[0]);
  }
}

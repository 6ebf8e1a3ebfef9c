package dev.emberkv.server;

import dev.emberkv.engine.StringEntry;
import dev.emberkv.engine.StringKeyspace;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The commands that read or change parts of a string, or read it and change what is around it. */
final class StringEdits {
  private static final byte[] EMPTY = {};

  private final Data data;

  StringEdits(Data data) {
    this.data = data;
  }

  /** Answers GETDEL. */
  void getDelete(Request request, Session session, RespEncoder out) {
    byte[] @Nullable [] old = new byte[1][];
    data.editString(
        request,
        session,
        seen -> {
          old[0] = seen == null ? null : seen.value();
          return null;
        });
    data.count(1, old[0] == null ? 0 : 1);
    out.bulkOrNil(old[0]);
  }

  /** Answers GETEX. */
  void getExpire(Request request, Session session, RespEncoder out) {
    boolean persist = request.size() == 3 && request.is(2, "PERSIST");
    Deadline deadline = request.size() == 4 ? Deadline.option(request, 2) : null;
    if (request.size() > 2 && !persist && deadline == null) {
      throw CommandException.syntaxError();
    }
    if (request.size() == 2) {
      out.bulkOrNil(data.read(request, session));
      return;
    }
    long expiresAt =
        deadline == null ? StringEntry.NEVER : deadline.millis(request, 3, "getex", true);
    byte[] @Nullable [] value = new byte[1][];
    data.editString(
        request,
        session,
        seen -> {
          value[0] = seen == null ? null : seen.value();
          boolean same = seen == null || seen.expiresAtMillis() == expiresAt;
          if (!same && expiresAt <= System.currentTimeMillis()) {
            return null;
          }
          return same ? seen : seen.withExpiry(expiresAt);
        });
    data.count(1, value[0] == null ? 0 : 1);
    out.bulkOrNil(value[0]);
  }

  /** Answers APPEND. */
  void append(Request request, Session session, RespEncoder out) {
    byte[] tail = request.bytes(2);
    int[] length = new int[1];
    data.editString(
        request,
        session,
        seen -> {
          byte[] old = seen == null ? EMPTY : seen.value();
          requireLength((long) old.length + tail.length);
          byte[] joined = Arrays.copyOf(old, old.length + tail.length);
          System.arraycopy(tail, 0, joined, old.length, tail.length);
          length[0] = joined.length;
          if (seen == null) {
            return StringEntry.of(joined);
          }
          return tail.length == 0 ? seen : seen.withValue(joined);
        });
    out.integer(length[0]);
  }

  /** Answers STRLEN. */
  void length(Request request, Session session, RespEncoder out) {
    int length = data.of(session).valueLength(request.bytes(1));
    data.count(1, length < 0 ? 0 : 1);
    out.integer(Math.max(0, length));
  }

  /** Answers GETRANGE and SUBSTR. */
  void range(Request request, Session session, RespEncoder out) {
    long start = request.integer(2);
    long end = request.integer(3);
    byte[] value = data.read(request, session);
    int length = value == null ? 0 : value.length;
    if (value == null || (start < 0 && end < 0 && start > end)) {
      out.bulk(EMPTY);
      return;
    }
    long from = start < 0 ? Math.max(0, start + length) : start;
    long to = Math.min(end < 0 ? Math.max(0, end + length) : end, length - 1L);
    if (from > to || length == 0) {
      out.bulk(EMPTY);
    } else {
      out.bulk(value, (int) from, (int) (to - from + 1));
    }
  }

  /** Answers SETRANGE. */
  void setRange(Request request, Session session, RespEncoder out) {
    long offset = request.integer(2);
    if (offset < 0) {
      throw new CommandException("ERR offset is out of range");
    }
    byte[] part = request.bytes(3);
    int[] length = new int[1];
    data.editString(
        request,
        session,
        seen -> {
          byte[] old = seen == null ? EMPTY : seen.value();
          length[0] = old.length;
          if (part.length == 0) {
            return seen;
          }
          requireLength(Math.addExact(Math.min(offset, Integer.MAX_VALUE * 2L), part.length));
          byte[] changed = Arrays.copyOf(old, Math.max(old.length, (int) offset + part.length));
          System.arraycopy(part, 0, changed, (int) offset, part.length);
          length[0] = changed.length;
          return seen == null ? StringEntry.of(changed) : seen.withValue(changed);
        });
    out.integer(length[0]);
  }

  private static void requireLength(long bytes) {
    if (bytes > StringKeyspace.MAX_VALUE_BYTES) {
      throw new CommandException("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
    }
  }
}

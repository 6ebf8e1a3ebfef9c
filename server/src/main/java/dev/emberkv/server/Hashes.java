package dev.emberkv.server;

import dev.emberkv.engine.StringEntry;
import dev.emberkv.engine.StringKeyspace;
import dev.emberkv.engine.ValueType;
import java.util.Arrays;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Hashes as values of keys. The key is the first argument of the request.
 *
 * <p>Thread-safe: every change is one {@link StringKeyspace#update}.
 */
final class Hashes {
  private final Data data;

  Hashes(Data data) {
    this.data = data;
  }

  /** Returns the hash of an entry; null when there is none. */
  private static @Nullable HashValue hashOf(@Nullable StringEntry entry) {
    if (entry == null) {
      return null;
    }
    if (entry.type() != ValueType.HASH) {
      throw CommandException.wrongType();
    }
    return new HashValue(entry.value());
  }

  private @Nullable HashValue read(Request request, Session session) {
    HashValue hash = hashOf(data.of(session).entry(request.bytes(1)));
    data.count(1, hash == null ? 0 : 1);
    return hash;
  }

  byte @Nullable [] get(Request request, Session session, byte[] field) {
    HashValue hash = read(request, session);
    return hash == null ? null : hash.get(field);
  }

  byte[] @Nullable [] getAll(Request request, Session session, byte[][] fields) {
    HashValue hash = read(request, session);
    byte[] @Nullable [] values = new byte[fields.length][];
    for (int i = 0; hash != null && i < fields.length; i++) {
      values[i] = hash.get(fields[i]);
    }
    return values;
  }

  long size(Request request, Session session) {
    HashValue hash = read(request, session);
    return hash == null ? 0 : hash.count();
  }

  void forEach(Request request, Session session, BiConsumer<byte[], byte[]> visitor) {
    HashValue hash = read(request, session);
    if (hash != null) {
      hash.forEach((data, fieldAt, fieldBytes, valueAt, valueBytes) ->
          visitor.accept(
              Arrays.copyOfRange(data, fieldAt, fieldAt + fieldBytes),
              Arrays.copyOfRange(data, valueAt, valueAt + valueBytes)));
    }
  }

  /** Visits fields from a cursor on and returns the next one, 0 at the end. */
  long scan(
      Request request,
      Session session,
      long cursor,
      int count,
      BiConsumer<byte[], byte[]> visitor) {
    forEach(request, session, visitor);
    return 0;
  }

  /** Sets fields and returns how many of them are new. */
  int put(Request request, Session session, byte[][] fields, byte[][] values) {
    int[] added = new int[1];
    change(
        request,
        session,
        hash -> {
          added[0] = 0;
          for (int i = 0; i < fields.length; i++) {
            added[0] += hash.put(fields[i], values[i]) ? 1 : 0;
          }
          return true;
        });
    return added[0];
  }

  /** Deletes fields and returns how many there were; a hash without fields is gone. */
  int delete(Request request, Session session, byte[][] fields) {
    int[] deleted = new int[1];
    change(
        request,
        session,
        hash -> {
          deleted[0] = 0;
          for (byte[] field : fields) {
            deleted[0] += hash.remove(field) ? 1 : 0;
          }
          return deleted[0] > 0;
        });
    return deleted[0];
  }

  /** Replaces a field's value, null for none, by what a function makes of it. */
  void update(
      Request request, Session session, byte[] field, UnaryOperator<byte @Nullable []> change) {
    change(
        request,
        session,
        hash -> {
          byte[] old = hash.get(field);
          byte[] next = change.apply(old);
          if (next == null || Arrays.equals(old, next)) {
            return false;
          }
          var _ = hash.put(field, next);
          return true;
        });
  }

  /** Changes a hash. */
  private interface Change {
    /** Returns whether the hash is another one now. */
    boolean apply(HashValue hash);
  }

  private void change(Request request, Session session, Change change) {
    var _ =
        data.of(session)
            .update(
                request.bytes(1),
                seen -> {
                  HashValue hash = hashOf(seen);
                  if (hash == null) {
                    hash = new HashValue(null);
                  }
                  if (!change.apply(hash)) {
                    return seen;
                  }
                  if (hash.count() == 0) {
                    return null;
                  }
                  Data.requireSizes(0, hash.bytes());
                  long expiresAt = seen == null ? StringEntry.NEVER : seen.expiresAtMillis();
                  return new StringEntry(hash.encode(), ValueType.HASH, expiresAt, 0);
                });
  }
}

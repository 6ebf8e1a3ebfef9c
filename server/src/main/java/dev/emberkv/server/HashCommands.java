package dev.emberkv.server;

import dev.emberkv.engine.HashKeyspace;
import dev.emberkv.engine.StringBatch;
import dev.emberkv.server.Command.Flag;
import dev.emberkv.server.Command.Keys;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The commands on hashes. */
final class HashCommands {
  private static final String GROUP = "hash";

  private final Data data;
  private final ThreadLocal<StringBatch> batches = ThreadLocal.withInitial(StringBatch::new);

  HashCommands(Data data) {
    this.data = data;
  }

  private static Command.Builder read(String name, int arity, String summary) {
    return Command.define(GROUP, name, arity, summary)
        .flags(Flag.READONLY, Flag.FAST)
        .keys(Keys.FIRST)
        .hot();
  }

  private static Command.Builder write(String name, int arity, String summary) {
    return Command.define(GROUP, name, arity, summary)
        .flags(Flag.WRITE, Flag.DENYOOM, Flag.FAST)
        .keys(Keys.FIRST)
        .hot();
  }

  /** Returns the commands of this family. */
  List<Command> definitions() {
    return List.of(
        write("hset", -4, "Sets fields of a hash.")
            .handler((request, session, out) -> out.integer(set(request, session, "hset")))
            .build(),
        write("hmset", -4, "Sets fields of a hash.")
            .handler((request, session, out) -> {
              var _ = set(request, session, "hmset");
              out.ok();
            })
            .build(),
        write("hsetnx", 4, "Sets a field of a hash unless it is there.")
            .handler(this::setIfAbsent)
            .build(),
        read("hget", 3, "Returns the value of a field.").handler(this::get).build(),
        read("hmget", -3, "Returns the values of fields.").handler(this::getSeveral).build(),
        write("hdel", -3, "Deletes fields.")
            .flags(Flag.WRITE, Flag.FAST)
            .handler((request, session, out) ->
                out.integer(hashes(session).delete(request.bytes(1), request.bytes(2, 1))))
            .build(),
        read("hexists", 3, "Tells whether a field is there.")
            .handler(
                (request, session, out) -> out.integer(valueOf(request, session) == null ? 0 : 1))
            .build(),
        read("hlen", 2, "Returns the number of fields.")
            .handler((request, session, out) -> {
              long fields = hashes(session).size(request.bytes(1));
              data.count(1, fields == 0 ? 0 : 1);
              out.integer(fields);
            })
            .build(),
        read("hstrlen", 3, "Returns the length of a field's value.")
            .handler((request, session, out) -> {
              byte[] value = valueOf(request, session);
              out.integer(value == null ? 0 : value.length);
            })
            .build(),
        all("hgetall", "Returns all fields with their values.", true, true),
        all("hkeys", "Returns all fields.", true, false),
        all("hvals", "Returns all values.", false, true),
        read("hscan", -3, "Goes over the fields in steps.")
            .flags(Flag.READONLY)
            .handler(this::scan)
            .build(),
        read("hrandfield", -2, "Returns fields at random.")
            .flags(Flag.READONLY)
            .handler(new HashRandom(data)::randomField)
            .build(),
        write("hincrby", 4, "Adds to a field that is a number.").handler(this::increase).build(),
        write("hincrbyfloat", 4, "Adds to a field that is a number with decimal places.")
            .handler(this::increaseFloat)
            .build());
  }

  private HashKeyspace hashes(Session session) {
    return data.of(session).hashes();
  }

  private byte @Nullable [] valueOf(Request request, Session session) {
    byte[] value = hashes(session).get(request.bytes(1), request.bytes(2));
    data.count(1, value != null || data.of(session).contains(request.bytes(1)) ? 1 : 0);
    return value;
  }

  private int set(Request request, Session session, String name) {
    if (request.size() % 2 != 0) {
      throw CommandException.wrongArity(name);
    }
    StringBatch pairs = batches.get();
    pairs.clear(request.data());
    for (int i = 2; i < request.size(); i += 2) {
      Data.requireSizes(request.length(i), request.length(i + 1));
      pairs.add(request.offset(i), request.length(i), request.offset(i + 1), request.length(i + 1));
    }
    return hashes(session).put(request.bytes(1), pairs);
  }

  private void setIfAbsent(Request request, Session session, RespEncoder out) {
    byte[] value = request.bytes(3);
    boolean[] done = new boolean[1];
    hashes(session)
        .update(
            request.bytes(1),
            request.bytes(2),
            seen -> {
              done[0] = seen == null;
              return seen == null ? value : null;
            });
    out.integer(done[0] ? 1 : 0);
  }

  private void get(Request request, Session session, RespEncoder out) {
    out.bulkOrNil(valueOf(request, session));
  }

  private void getSeveral(Request request, Session session, RespEncoder out) {
    StringBatch fields = batches.get();
    fields.clear(request.data());
    for (int i = 2; i < request.size(); i++) {
      fields.add(request.offset(i), request.length(i));
    }
    out.array(fields.size());
    ReplySink sink = new ReplySink(out, false);
    hashes(session).getAll(request.bytes(1), fields, sink);
    boolean found = sink.hits() > 0 || data.of(session).contains(request.bytes(1));
    data.count(1, found ? 1 : 0);
  }

  private Command all(String name, String summary, boolean fields, boolean values) {
    return read(name, 2, summary)
        .flags(Flag.READONLY)
        .handler((request, session, out) -> {
          int parts = (fields ? 1 : 0) + (values ? 1 : 0);
          long[] left = new long[1];
          hashes(session)
              .forEach(
                  request.bytes(1),
                  size -> {
                    left[0] = size;
                    data.count(1, size == 0 ? 0 : 1);
                    begin(out, size, parts == 2);
                  },
                  (field, value) -> {
                    left[0]--;
                    if (fields) {
                      out.bulk(field);
                    }
                    if (values) {
                      out.bulk(value);
                    }
                  });
          if (left[0] != 0) {
            // A reply of another length than it began with would be taken for the next one's.
            throw new IllegalStateException(left[0] + " fields fewer than the hash should have");
          }
        })
        .build();
  }

  private static void begin(RespEncoder out, long size, boolean pairs) {
    if (size > Integer.MAX_VALUE) {
      throw new CommandException("ERR the hash has " + size + " fields, too many for one reply");
    }
    if (pairs) {
      out.map((int) size);
    } else {
      out.array((int) size);
    }
  }

  private void scan(Request request, Session session, RespEncoder out) {
    long cursor = ScanCommands.cursor(request, 2);
    ScanCommands.Options options = new ScanCommands.Options(request, 3, false);
    List<byte[]> parts = new ArrayList<>();
    long next =
        hashes(session)
            .scan(
                request.bytes(1),
                cursor,
                options.count,
                (field, value) -> {
                  if (options.matches(field)) {
                    parts.add(field);
                    if (!options.withoutValues) {
                      parts.add(value);
                    }
                  }
                });
    out.array(2);
    out.bulk(Long.toUnsignedString(next));
    out.array(parts.size());
    parts.forEach(out::bulk);
  }

  private void update(Request request, Session session, UnaryOperator<byte @Nullable []> change) {
    hashes(session).update(request.bytes(1), request.bytes(2), change);
  }

  private void increase(Request request, Session session, RespEncoder out) {
    long by = request.integer(3);
    long[] result = new long[1];
    update(
        request,
        session,
        seen -> {
          result[0] = Counting.sum(seen, by, "ERR hash value is not an integer");
          return Long.toString(result[0]).getBytes(StandardCharsets.US_ASCII);
        });
    out.integer(result[0]);
  }

  private void increaseFloat(Request request, Session session, RespEncoder out) {
    if (Counting.isInfinite(request.bytes(3))) {
      throw new CommandException("ERR value is NaN or Infinity");
    }
    var by = Counting.number(request.bytes(3), "ERR value is not a valid float");
    byte[][] result = new byte[1][];
    update(
        request,
        session,
        seen -> {
          result[0] = Counting.sum(seen, by, "ERR hash value is not a float");
          return result[0];
        });
    out.bulk(result[0]);
  }
}

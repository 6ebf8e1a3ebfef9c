package dev.emberkv.server;

import dev.emberkv.server.Command.Flag;
import dev.emberkv.server.Command.Keys;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The commands on hashes. */
final class HashCommands {
  private static final String GROUP = "hash";

  private final Hashes hashes;

  HashCommands(Data data) {
    this.hashes = new Hashes(data);
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
                out.integer(hashes.delete(request, session, request.bytes(2, 1))))
            .build(),
        read("hexists", 3, "Tells whether a field is there.")
            .handler((request, session, out) ->
                out.integer(hashes.get(request, session, request.bytes(2)) == null ? 0 : 1))
            .build(),
        read("hlen", 2, "Returns the number of fields.")
            .handler((request, session, out) -> out.integer(hashes.size(request, session)))
            .build(),
        read("hstrlen", 3, "Returns the length of a field's value.")
            .handler((request, session, out) -> {
              byte[] value = hashes.get(request, session, request.bytes(2));
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
            .handler(new HashRandom(hashes)::randomField)
            .build(),
        write("hincrby", 4, "Adds to a field that is a number.").handler(this::increase).build(),
        write("hincrbyfloat", 4, "Adds to a field that is a number with decimal places.")
            .handler(this::increaseFloat)
            .build());
  }

  private int set(Request request, Session session, String name) {
    if (request.size() % 2 != 0) {
      throw CommandException.wrongArity(name);
    }
    return hashes.put(request, session, request.bytes(2, 2), request.bytes(3, 2));
  }

  private void setIfAbsent(Request request, Session session, RespEncoder out) {
    byte[] value = request.bytes(3);
    boolean[] done = new boolean[1];
    hashes.update(
        request,
        session,
        request.bytes(2),
        seen -> {
          done[0] = seen == null;
          return seen == null ? value : seen;
        });
    out.integer(done[0] ? 1 : 0);
  }

  private void get(Request request, Session session, RespEncoder out) {
    out.bulkOrNil(hashes.get(request, session, request.bytes(2)));
  }

  private void getSeveral(Request request, Session session, RespEncoder out) {
    byte[] @Nullable [] values = hashes.getAll(request, session, request.bytes(2, 1));
    out.array(values.length);
    for (byte[] value : values) {
      out.bulkOrNil(value);
    }
  }

  private Command all(String name, String summary, boolean fields, boolean values) {
    return read(name, 2, summary)
        .flags(Flag.READONLY)
        .handler((request, session, out) -> {
          List<byte[]> parts = new ArrayList<>();
          hashes.forEach(
              request,
              session,
              (field, value) -> {
                if (fields) {
                  parts.add(field);
                }
                if (values) {
                  parts.add(value);
                }
              });
          if (fields && values) {
            out.map(parts.size() / 2);
          } else {
            out.array(parts.size());
          }
          parts.forEach(out::bulk);
        })
        .build();
  }

  private void scan(Request request, Session session, RespEncoder out) {
    long cursor = ScanCommands.cursor(request, 2);
    ScanCommands.Options options = new ScanCommands.Options(request, 3, false);
    List<byte[]> parts = new ArrayList<>();
    long next =
        hashes.scan(
            request,
            session,
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

  private void increase(Request request, Session session, RespEncoder out) {
    long by = request.integer(3);
    long[] result = new long[1];
    hashes.update(
        request,
        session,
        request.bytes(2),
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
    hashes.update(
        request,
        session,
        request.bytes(2),
        seen -> {
          result[0] = Counting.sum(seen, by, "ERR hash value is not a float");
          return result[0];
        });
    out.bulk(result[0]);
  }
}

package dev.emberkv.server;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.emberkv.engine.HashShape;
import dev.emberkv.engine.KeyInfo;
import dev.emberkv.engine.ValueType;
import dev.emberkv.server.Command.Keys;

/** OBJECT and MEMORY: how a value is kept. */
final class ObjectCommands {
  /** What a slot has beside key and value, and the share of the index. */
  private static final int OVERHEAD_BYTES = 32 + 4 + 12;

  private static final int MAX_INTEGER_BYTES = 20;
  private static final int MAX_EMBEDDED_BYTES = 44;

  private final Data data;
  private final Tuning tuning;

  ObjectCommands(Data data, Tuning tuning) {
    this.data = data;
    this.tuning = tuning;
  }

  private static Command.Builder subcommand(String name, int arity, String summary) {
    return KeyCommands.read(name, arity, summary).keys(new Keys(2, 2, 1)).hot();
  }

  Command object() {
    return Subcommands.of(
        Command.define("generic", "object", -2, "A container for object introspection commands."),
        subcommand("encoding", 3, "Returns how a value is stored.").handler(this::encoding),
        subcommand("freq", 3, "Returns how often a key is used.").handler(this::frequency),
        subcommand("idletime", 3, "Returns for how long a key was not used.")
            .handler(this::idleTime),
        subcommand("refcount", 3, "Returns how many keys share a value: one.")
            .handler((request, session, out) -> {
              if (data.of(session).contains(request.bytes(2))) {
                out.integer(1);
              } else {
                out.nil();
              }
            }));
  }

  Command memory() {
    return Subcommands.of(
        Command.define("server", "memory", -2, "A container for memory diagnostics commands."),
        subcommand("usage", -3, "Estimates what a key and its value take.")
            .handler(this::memoryUsage));
  }

  private void encoding(Request request, Session session, RespEncoder out) {
    byte[] key = request.bytes(2);
    KeyInfo info = data.of(session).info(key);
    if (info == null) {
      out.nil();
    } else if (info.type() == ValueType.STRING) {
      byte[] value = data.of(session).get(key);
      out.bulkOrNil(value == null ? null : encoding(value).getBytes(US_ASCII));
    } else {
      HashShape shape = data.of(session).hashes().shape(key);
      out.bulkOrNil(shape == null ? null : encoding(shape).getBytes(US_ASCII));
    }
  }

  /** Returns what Redis would store a string as. */
  private static String encoding(byte[] value) {
    if (value.length <= MAX_INTEGER_BYTES) {
      try {
        Request.integer(value, 0, value.length);
        return "int";
      } catch (CommandException e) {
        return "embstr";
      }
    }
    return value.length <= MAX_EMBEDDED_BYTES ? "embstr" : "raw";
  }

  /** Returns what Redis would store a hash as. */
  private String encoding(HashShape hash) {
    boolean small =
        !hash.hasRows()
            && hash.fields() <= tuning.listpackFields()
            && hash.longestBytes() <= tuning.listpackBytes();
    return small ? "listpack" : "hashtable";
  }

  /** What stays in DRAM is chosen by how often it is used, so that is known. */
  private void frequency(Request request, Session session, RespEncoder out) {
    int uses = data.of(session).useCount(request.bytes(2)); // before the question counts as one
    requireKeyOrNil(request, session);
    out.integer(uses);
  }

  /** As Redis answers when it counts uses, and not times. */
  private void idleTime(Request request, Session session, RespEncoder out) {
    requireKeyOrNil(request, session);
    throw new CommandException(
        "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when"
            + " switching between policies at runtime LRU and LFU data will take some time to"
            + " adjust.");
  }

  private void requireKeyOrNil(Request request, Session session) {
    if (!data.of(session).contains(request.bytes(2))) {
      throw CommandException.noSuchKey();
    }
  }

  private void memoryUsage(Request request, Session session, RespEncoder out) {
    for (int i = 3; i < request.size(); i += 2) {
      if (i + 1 >= request.size() || !request.is(i, "SAMPLES")) {
        throw CommandException.syntaxError();
      }
      if (request.integer(i + 1) < 0) {
        throw CommandException.syntaxError();
      }
    }
    KeyInfo info = data.of(session).info(request.bytes(2));
    if (info == null) {
      out.nil();
    } else {
      HashShape rows =
          info.type() == ValueType.HASH_ROWS
              ? data.of(session).hashes().shape(request.bytes(2))
              : null;
      long bytes = rows == null ? info.valueBytes() : rows.bytes() + rows.fields() * OVERHEAD_BYTES;
      out.integer(OVERHEAD_BYTES + request.length(2) + bytes);
    }
  }
}

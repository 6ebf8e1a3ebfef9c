package dev.emberkv.server;

import dev.emberkv.engine.StringKeyspace;
import dev.emberkv.server.Command.Flag;
import dev.emberkv.server.Command.Keys;
import java.util.Arrays;
import java.util.List;

/** The commands on keys, whatever their value is. */
final class KeyCommands {
  private static final String GROUP = "generic";

  private final Data data;
  private final Tuning tuning;
  private final ExpiryCommands expiry;
  private final ScanCommands scans;

  KeyCommands(Data data, Tuning tuning) {
    this.data = data;
    this.tuning = tuning;
    this.expiry = new ExpiryCommands(data);
    this.scans = new ScanCommands(data);
  }

  static Command.Builder read(String name, int arity, String summary) {
    return Command.define(GROUP, name, arity, summary)
        .flags(Flag.READONLY, Flag.FAST)
        .keys(Keys.FIRST);
  }

  static Command.Builder write(String name, int arity, String summary) {
    return Command.define(GROUP, name, arity, summary)
        .flags(Flag.WRITE, Flag.FAST)
        .keys(Keys.FIRST);
  }

  /** Returns the commands of this family. */
  List<Command> definitions() {
    return List.of(
        write("del", -2, "Deletes keys.")
            .flags(Flag.WRITE)
            .keys(Keys.ALL)
            .handler(this::delete)
            .build(),
        write("unlink", -2, "Deletes keys; here the same as DEL.")
            .keys(Keys.ALL)
            .handler(this::delete)
            .build(),
        read("exists", -2, "Counts the keys that are there.")
            .keys(Keys.ALL)
            .hot()
            .handler(this::exists)
            .build(),
        read("touch", -2, "Counts the keys that are there and keeps them in DRAM.")
            .keys(Keys.ALL)
            .hot()
            .handler(this::exists)
            .build(),
        read("type", 2, "Returns the type of a key's value.")
            .hot()
            .handler((request, session, out) ->
                out.simple(Data.typeName(data.of(session).info(request.bytes(1)))))
            .build(),
        write("rename", 3, "Renames a key, over another if there is one.")
            .flags(Flag.WRITE)
            .keys(new Keys(1, 2, 1))
            .alone()
            .handler(this::rename)
            .build(),
        write("renamenx", 3, "Renames a key unless there is one of the new name.")
            .keys(new Keys(1, 2, 1))
            .alone()
            .handler(this::renameIfAbsent)
            .build(),
        write("copy", -3, "Copies a key's value to another key.")
            .flags(Flag.WRITE, Flag.DENYOOM)
            .keys(new Keys(1, 2, 1))
            .alone()
            .handler(this::copy)
            .build(),
        write("move", 3, "Moves a key to another database.").alone().handler(this::move).build(),
        expiry.set("expire", Deadline.EX, "Sets a key's time to live in seconds."),
        expiry.set("pexpire", Deadline.PX, "Sets a key's time to live in milliseconds."),
        expiry.set("expireat", Deadline.EXAT, "Sets when a key is gone, in seconds since 1970."),
        expiry.set("pexpireat", Deadline.PXAT, "Sets when a key is gone, in ms since 1970."),
        expiry.get("ttl", Deadline.EX, "Returns a key's time to live in seconds."),
        expiry.get("pttl", Deadline.PX, "Returns a key's time to live in milliseconds."),
        expiry.get("expiretime", Deadline.EXAT, "Returns when a key is gone, in s since 1970."),
        expiry.get("pexpiretime", Deadline.PXAT, "Returns when a key is gone, in ms since 1970."),
        write("persist", 2, "Takes a key's time to live away.")
            .hot()
            .handler(expiry::persist)
            .build(),
        read("scan", -2, "Goes over the keys in steps.")
            .flags(Flag.READONLY)
            .keys(Keys.NONE)
            .handler(scans::scan)
            .build(),
        read("keys", 2, "Returns the keys that match a pattern.")
            .flags(Flag.READONLY)
            .keys(Keys.NONE)
            .handler(scans::keys)
            .build(),
        read("randomkey", 1, "Returns a key.")
            .flags(Flag.READONLY)
            .keys(Keys.NONE)
            .handler(scans::randomKey)
            .build(),
        new ObjectCommands(data, tuning).object(),
        new ObjectCommands(data, tuning).memory());
  }

  private void delete(Request request, Session session, RespEncoder out) {
    out.integer(data.of(session).deleteAll(request.bytes(1, 1)));
  }

  private void exists(Request request, Session session, RespEncoder out) {
    int found = 0;
    for (int i = 1; i < request.size(); i++) {
      if (data.of(session).contains(request.bytes(i))) {
        found++;
      }
    }
    data.count(request.size() - 1, found);
    out.integer(found);
  }

  private void rename(Request request, Session session, RespEncoder out) {
    StringKeyspace keys = data.of(session);
    byte[] from = request.bytes(1);
    requireKey(keys, from);
    transfer(keys, from, keys, request.bytes(2));
    out.ok();
  }

  private void renameIfAbsent(Request request, Session session, RespEncoder out) {
    StringKeyspace keys = data.of(session);
    byte[] from = request.bytes(1);
    byte[] to = request.bytes(2);
    requireKey(keys, from);
    boolean free = !keys.contains(to);
    if (free) {
      transfer(keys, from, keys, to);
    }
    out.integer(free ? 1 : 0);
  }

  private static void requireKey(StringKeyspace keys, byte[] key) {
    if (!keys.contains(key)) {
      throw CommandException.noSuchKey();
    }
  }

  /** Moves a key's value to another key; the caller is alone. */
  @SuppressWarnings("ReferenceEquality") // A database is one object.
  private static void transfer(
      StringKeyspace source, byte[] from, StringKeyspace target, byte[] to) {
    if (source == target && Arrays.equals(from, to)) {
      return;
    }
    Data.requireSizes(to.length, 0);
    source.rename(from, target, to);
  }

  private void copy(Request request, Session session, RespEncoder out) {
    int database = session.database();
    boolean replace = false;
    for (int i = 3; i < request.size(); i++) {
      if (request.is(i, "REPLACE")) {
        replace = true;
      } else if (request.is(i, "DB") && i + 1 < request.size()) {
        database =
            DatabaseCommands.database(request, ++i, "ERR value is not an integer or out of range");
      } else {
        throw CommandException.syntaxError();
      }
    }
    byte[] from = request.bytes(1);
    byte[] to = request.bytes(2);
    if (database == session.database() && Arrays.equals(from, to)) {
      throw new CommandException("ERR source and destination objects are the same");
    }
    StringKeyspace target = data.store().strings(database);
    Data.requireSizes(to.length, 0);
    boolean possible = data.of(session).contains(from) && (replace || !target.contains(to));
    if (possible) {
      data.of(session).copy(from, target, to);
    }
    out.integer(possible ? 1 : 0);
  }

  private void move(Request request, Session session, RespEncoder out) {
    int database =
        DatabaseCommands.database(request, 2, "ERR value is not an integer or out of range");
    if (database == session.database()) {
      throw new CommandException("ERR source and destination objects are the same");
    }
    StringKeyspace target = data.store().strings(database);
    byte[] key = request.bytes(1);
    boolean possible = data.of(session).contains(key) && !target.contains(key);
    if (possible) {
      transfer(data.of(session), key, target, key);
    }
    out.integer(possible ? 1 : 0);
  }
}

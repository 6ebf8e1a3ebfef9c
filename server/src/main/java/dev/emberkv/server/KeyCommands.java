package dev.emberkv.server;

import dev.emberkv.engine.Store;
import dev.emberkv.engine.StringKeyspace;
import dev.emberkv.server.Command.Flag;
import dev.emberkv.server.Command.Keys;
import java.util.List;

/** The commands on keys, whatever their value is. */
final class KeyCommands {
  private static final String GROUP = "generic";

  private final Store store;
  private final StringKeyspace strings;

  KeyCommands(Store store) {
    this.store = store;
    this.strings = store.strings();
  }

  /** Returns the commands of this family. */
  List<Command> definitions() {
    return List.of(
        Command.define(GROUP, "del", -2, "Deletes keys.")
            .flags(Flag.WRITE)
            .keys(Keys.ALL)
            .handler(this::delete)
            .build(),
        Command.define(GROUP, "unlink", -2, "Deletes keys; here the same as DEL.")
            .flags(Flag.WRITE, Flag.FAST)
            .keys(Keys.ALL)
            .handler(this::delete)
            .build(),
        Command.define(GROUP, "exists", -2, "Counts the keys that are there.")
            .flags(Flag.READONLY, Flag.FAST)
            .keys(Keys.ALL)
            .handler(this::exists)
            .build(),
        Command.define(GROUP, "type", 2, "Returns the type of a key's value.")
            .flags(Flag.READONLY, Flag.FAST)
            .keys(Keys.FIRST)
            .handler((request, session, out) ->
                out.simple(strings.contains(request.bytes(1)) ? "string" : "none"))
            .build(),
        Command.define("server", "dbsize", 1, "Returns the number of string keys.")
            .flags(Flag.READONLY, Flag.FAST)
            .handler((request, session, out) -> out.integer(strings.size()))
            .build(),
        Command.define("server", "flushdb", -1, "Removes all string keys.")
            .flags(Flag.WRITE)
            .handler((request, session, out) -> {
              requireFlushMode(request);
              strings.clear();
              out.ok();
            })
            .build(),
        Command.define("server", "flushall", -1, "Removes all string keys and all tables' rows.")
            .flags(Flag.WRITE)
            .handler((request, session, out) -> {
              requireFlushMode(request);
              store.clear();
              out.ok();
            })
            .build());
  }

  private void delete(Request request, Session session, RespEncoder out) {
    long deleted = 0;
    for (int i = 1; i < request.size(); i++) {
      if (strings.delete(request.bytes(i))) {
        deleted++;
      }
    }
    out.integer(deleted);
  }

  private void exists(Request request, Session session, RespEncoder out) {
    long found = 0;
    for (int i = 1; i < request.size(); i++) {
      if (strings.contains(request.bytes(i))) {
        found++;
      }
    }
    out.integer(found);
  }

  private static void requireFlushMode(Request request) {
    boolean fine =
        request.size() == 1
            || (request.size() == 2 && (request.is(1, "SYNC") || request.is(1, "ASYNC")));
    if (!fine) {
      throw CommandException.syntaxError();
    }
  }
}

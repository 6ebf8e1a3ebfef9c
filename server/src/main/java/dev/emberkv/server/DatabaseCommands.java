package dev.emberkv.server;

import dev.emberkv.engine.Store;
import dev.emberkv.server.Command.Flag;
import java.util.List;

/** The commands on whole databases: SELECT, SWAPDB, DBSIZE and the flushing ones. */
final class DatabaseCommands {
  private static final String NOT_A_NUMBER = "ERR value is not an integer or out of range";

  private final Store store;

  DatabaseCommands(Data data) {
    this.store = data.store();
  }

  private static Command.Builder define(String name, int arity, String summary) {
    return Command.define("server", name, arity, summary);
  }

  /** Returns the commands of this family. */
  List<Command> definitions() {
    return List.of(
        Command.define("connection", "select", 2, "Changes the selected database.")
            .flags(Flag.FAST, Flag.LOADING, Flag.STALE)
            .onEventLoop()
            .handler((request, session, out) -> {
              session.database(database(request, 1, NOT_A_NUMBER));
              out.ok();
            })
            .build(),
        define("dbsize", 1, "Returns the number of keys of the selected database.")
            .flags(Flag.READONLY, Flag.FAST)
            .onEventLoop()
            .handler((request, session, out) -> out.integer(store.stringCount(session.database())))
            .build(),
        define("swapdb", 3, "Gives each of two databases the keys of the other.")
            .flags(Flag.WRITE, Flag.FAST)
            .alone()
            .handler((request, session, out) -> {
              int first = database(request, 1, "ERR invalid first DB index");
              store.swapStrings(first, database(request, 2, "ERR invalid second DB index"));
              out.ok();
            })
            .build(),
        define("flushdb", -1, "Removes all keys of the selected database.")
            .flags(Flag.WRITE)
            .alone()
            .handler((request, session, out) -> {
              requireFlushMode(request);
              if (store.stringCount(session.database()) > 0) {
                store.strings(session.database()).clear();
              }
              out.ok();
            })
            .build(),
        define("flushall", -1, "Removes all keys of all databases and all tables' rows.")
            .flags(Flag.WRITE)
            .alone()
            .handler((request, session, out) -> {
              requireFlushMode(request);
              store.clear();
              out.ok();
            })
            .build());
  }

  /** Returns the database number in an argument. */
  static int database(Request request, int argument, String notANumber) {
    long number;
    try {
      number = request.integer(argument);
    } catch (CommandException e) {
      throw new CommandException(notANumber);
    }
    if (number != (int) number) {
      throw new CommandException(notANumber);
    }
    if (number < 0 || number >= Store.DATABASES) {
      throw new CommandException("ERR DB index is out of range");
    }
    return (int) number;
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

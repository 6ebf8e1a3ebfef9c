package dev.emberkv.server;

import dev.emberkv.server.Command.Flag;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

/** The commands about the server: INFO, TIME, SHUTDOWN. */
final class ServerCommands {
  private static final String GROUP = "server";

  private final ServerContext context;

  ServerCommands(ServerContext context) {
    this.context = context;
  }

  /** Returns the commands of this family. */
  List<Command> definitions() {
    return List.of(
        Command.define(GROUP, "info", -1, "Returns information about the server.")
            .flags(Flag.LOADING, Flag.STALE)
            .handler(this::info)
            .build(),
        Command.define(GROUP, "shutdown", -1, "Makes all writes durable and stops the server.")
            .flags(Flag.ADMIN, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE, Flag.NO_MULTI)
            .handler(this::shutdown)
            .build(),
        Command.define(GROUP, "time", 1, "Returns the server's time.")
            .flags(Flag.LOADING, Flag.STALE, Flag.FAST)
            .onEventLoop()
            .handler(this::time)
            .build(),
        functions(),
        new ConfigCommands(context).definition());
  }

  /** There are no functions: removing and listing them is all that makes sense. */
  private static Command functions() {
    return Subcommands.of(
        Command.define("scripting", "function", -2, "A container for function commands."),
        Command.define("scripting", "flush", -2, "Removes all functions, of which there are none.")
            .flags(Flag.WRITE, Flag.NOSCRIPT)
            .onEventLoop()
            .handler((request, session, out) -> {
              if (request.size() > 3
                  || (request.size() == 3 && !request.is(2, "SYNC") && !request.is(2, "ASYNC"))) {
                throw new CommandException("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
              }
              out.ok();
            }),
        Command.define("scripting", "list", -2, "Lists the functions, of which there are none.")
            .flags(Flag.NOSCRIPT)
            .onEventLoop()
            .handler((request, session, out) -> out.array(0)));
  }

  private void info(Request request, Session session, RespEncoder out) {
    InfoReport report = new InfoReport(context);
    if (request.size() == 1) {
      report.section("default");
    }
    for (int i = 1; i < request.size(); i++) {
      report.section(request.text(i).toLowerCase(Locale.ROOT));
    }
    out.verbatim(report.text());
  }

  /**
   * Answers SHUTDOWN, which has no reply when it succeeds: the connection just ends. NOSAVE skips
   * the flush; closing the store still writes what is in DRAM.
   */
  private void shutdown(Request request, Session session, RespEncoder out) {
    boolean save = true;
    for (int i = 1; i < request.size(); i++) {
      if (request.is(i, "NOSAVE")) {
        save = false;
      } else if (!request.is(i, "SAVE") && !request.is(i, "NOW") && !request.is(i, "FORCE")) {
        throw CommandException.syntaxError();
      }
    }
    if (save) {
      context.store().flush();
    }
    session.closeAfterReply();
    context.requestShutdown();
  }

  private void time(Request request, Session session, RespEncoder out) {
    Instant now = Instant.now();
    out.array(2);
    out.bulkInteger(now.getEpochSecond());
    out.bulkInteger(now.getNano() / 1000);
  }
}

package dev.emberkv.server;

import dev.emberkv.server.Command.Flag;
import java.util.List;

/** SLOWLOG and DEBUG: what takes long. */
final class DiagnosticCommands {
  private static final long MAX_SLEEP_SECONDS = 3600;

  private final SlowLog slowLog;

  DiagnosticCommands(SlowLog slowLog) {
    this.slowLog = slowLog;
  }

  private static Command.Builder admin(String name, int arity, String summary) {
    return Command.define("server", name, arity, summary)
        .flags(Flag.ADMIN, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE)
        .onEventLoop();
  }

  /** Returns the commands of this family. */
  List<Command> definitions() {
    return List.of(
        Subcommands.of(
            Command.define("server", "slowlog", -2, "A container for slow log commands."),
            admin("get", -2, "Returns the latest slow commands.").handler(this::slowLogGet),
            admin("len", 2, "Returns the number of slow commands that are kept.")
                .handler((request, session, out) -> out.integer(slowLog.size())),
            admin("reset", 2, "Forgets the slow commands.")
                .handler((request, session, out) -> {
                  slowLog.reset();
                  out.ok();
                })),
        Subcommands.of(
            Command.define("server", "debug", -2, "A container for debugging commands."),
            admin("sleep", 3, "Keeps everybody waiting for so many seconds.")
                .alone()
                .handler(DiagnosticCommands::sleep)));
  }

  private void slowLogGet(Request request, Session session, RespEncoder out) {
    long count;
    try {
      count = request.size() > 2 ? request.integer(2) : 10;
    } catch (CommandException e) {
      count = Long.MIN_VALUE;
    }
    if (count < -1) {
      throw new CommandException("ERR count should be greater than or equal to -1");
    }
    List<SlowLog.Entry> entries =
        slowLog.latest(count < 0 ? Integer.MAX_VALUE : (int) Math.min(count, Integer.MAX_VALUE));
    out.array(entries.size());
    for (SlowLog.Entry entry : entries) {
      out.array(6);
      out.integer(entry.id());
      out.integer(entry.timeSeconds());
      out.integer(entry.micros());
      out.array(entry.arguments().size());
      entry.arguments().forEach(out::bulk);
      out.bulk(entry.address());
      out.bulk(entry.clientName());
    }
  }

  private static void sleep(Request request, Session session, RespEncoder out) {
    double seconds =
        Counting.number(request.bytes(2), "ERR value is not a valid float").doubleValue();
    if (seconds < 0 || seconds > MAX_SLEEP_SECONDS) {
      throw new CommandException("ERR value is out of range");
    }
    try {
      Thread.sleep((long) (seconds * 1000));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    out.ok();
  }
}

package dev.emberkv.server;

import dev.emberkv.server.Command.Flag;
import java.util.List;
import java.util.Locale;

/** SLOWLOG, LATENCY and DEBUG: what takes long. */
final class DiagnosticCommands {
  private static final long MAX_SLEEP_SECONDS = 3600;

  private final SlowLog slowLog;
  private final LatencyLog latency;

  DiagnosticCommands(SlowLog slowLog, LatencyLog latency) {
    this.slowLog = slowLog;
    this.latency = latency;
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
            Command.define("server", "latency", -2, "A container for latency commands."),
            admin("latest", 2, "Returns the latest latency of each event.")
                .handler((request, session, out) -> latest(out)),
            admin("history", 3, "Returns the latencies of an event.").handler(this::history),
            admin("reset", -2, "Forgets events.").handler(this::latencyReset),
            admin("doctor", 2, "Says in words what the events tell.")
                .handler((request, session, out) -> out.verbatim(doctor()))),
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

  private void latest(RespEncoder out) {
    List<String> names = latency.names();
    out.array(names.size());
    for (String name : names) {
      List<LatencyLog.Sample> samples = latency.history(name);
      LatencyLog.Sample last = samples.getLast();
      out.array(4);
      out.bulk(name);
      out.integer(last.timeSeconds());
      out.integer(last.millis());
      out.integer(samples.stream().mapToLong(LatencyLog.Sample::millis).max().orElse(0));
    }
  }

  private void history(Request request, Session session, RespEncoder out) {
    List<LatencyLog.Sample> samples = latency.history(request.text(2).toLowerCase(Locale.ROOT));
    out.array(samples.size());
    for (LatencyLog.Sample sample : samples) {
      out.array(2);
      out.integer(sample.timeSeconds());
      out.integer(sample.millis());
    }
  }

  private void latencyReset(Request request, Session session, RespEncoder out) {
    int reset = request.size() == 2 ? latency.reset(null) : 0;
    for (int i = 2; i < request.size(); i++) {
      reset += latency.reset(request.text(i).toLowerCase(Locale.ROOT));
    }
    out.integer(reset);
  }

  private String doctor() {
    StringBuilder text = new StringBuilder();
    for (String name : latency.names()) {
      List<LatencyLog.Sample> samples = latency.history(name);
      text.append(
          "%s: %d samples, the longest took %d ms\n"
              .formatted(
                  name,
                  samples.size(),
                  samples.stream().mapToLong(LatencyLog.Sample::millis).max().orElse(0)));
    }
    return text.isEmpty()
        ? "No latency event was seen. They are noted from latency-monitor-threshold ms on.\n"
        : text.toString();
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

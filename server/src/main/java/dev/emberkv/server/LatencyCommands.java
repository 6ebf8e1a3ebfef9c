package dev.emberkv.server;

import dev.emberkv.server.Command.Flag;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/** LATENCY: which commands took long, and how long each takes. */
final class LatencyCommands {
  private final LatencyLog latency;
  private final Supplier<Collection<Command>> commands;

  LatencyCommands(LatencyLog latency, Supplier<Collection<Command>> commands) {
    this.latency = latency;
    this.commands = commands;
  }

  private static Command.Builder admin(String name, int arity, String summary) {
    return Command.define("server", name, arity, summary)
        .flags(Flag.ADMIN, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE)
        .onEventLoop();
  }

  Command definition() {
    return Subcommands.of(
        Command.define("server", "latency", -2, "A container for latency commands."),
        admin("latest", 2, "Returns the latest latency of each event.")
            .handler((request, session, out) -> latest(out)),
        admin("history", 3, "Returns the latencies of an event.").handler(this::history),
        admin("graph", 3, "Draws the latencies of an event.").handler(this::graph),
        admin("histogram", -2, "Returns how many calls of commands took how long.")
            .handler(this::histogram),
        admin("reset", -2, "Forgets events.").handler(this::reset),
        admin("doctor", 2, "Says in words what the events tell.")
            .handler((request, session, out) -> out.verbatim(doctor())));
  }

  private void latest(RespEncoder out) {
    List<LatencyLog.Event> events = latency.events();
    out.array(events.size());
    for (LatencyLog.Event event : events) {
      LatencyLog.Sample last = event.samples().getLast();
      out.array(4);
      out.bulk(event.name());
      out.integer(last.timeSeconds());
      out.integer(last.millis());
      out.integer(event.worstMillis());
    }
  }

  private static String event(Request request, int argument) {
    return request.text(argument).toLowerCase(Locale.ROOT);
  }

  private void history(Request request, Session session, RespEncoder out) {
    LatencyLog.Event event = latency.event(event(request, 2));
    List<LatencyLog.Sample> samples = event == null ? List.of() : event.samples();
    out.array(samples.size());
    for (LatencyLog.Sample sample : samples) {
      out.array(2);
      out.integer(sample.timeSeconds());
      out.integer(sample.millis());
    }
  }

  private void graph(Request request, Session session, RespEncoder out) {
    LatencyLog.Event event = latency.event(event(request, 2));
    if (event == null) {
      throw new CommandException("ERR No samples available for event '" + request.text(2) + "'");
    }
    long now = System.currentTimeMillis() / 1000;
    out.verbatim(LatencyGraph.draw(event.name(), event.samples(), event.worstMillis(), now));
  }

  private void histogram(Request request, Session session, RespEncoder out) {
    List<Command> wanted = new ArrayList<>();
    if (request.size() == 2) {
      commands.get().forEach(command -> addCalled(command, wanted));
    }
    for (int i = 2; i < request.size(); i++) {
      String name = event(request, i);
      commands
          .get()
          .forEach(command -> {
            if (command.name().equals(name)) {
              addCalled(command, wanted);
            } else if (name.startsWith(command.name() + "|")) {
              Command subcommand =
                  command.subcommands().get(name.substring(command.name().length() + 1));
              if (subcommand != null) {
                addCalled(subcommand, wanted);
              }
            }
          });
    }
    out.map(wanted.size());
    wanted.forEach(command -> showTimes(command, out));
  }

  private static void addCalled(Command command, List<Command> wanted) {
    if (!groups(command).isEmpty()) {
      wanted.add(command);
    }
    command.subcommands().values().forEach(subcommand -> addCalled(subcommand, wanted));
  }

  private static List<long[]> groups(Command command) {
    List<long[]> groups = new ArrayList<>();
    command.stats().times.forEach((micros, calls) -> groups.add(new long[] {micros, calls}));
    return groups;
  }

  private static void showTimes(Command command, RespEncoder out) {
    List<long[]> groups = groups(command);
    out.bulk(command.name());
    out.map(2);
    out.bulk("calls");
    out.integer(groups.isEmpty() ? 0 : groups.getLast()[1]);
    out.bulk("histogram_usec");
    out.map(groups.size());
    for (long[] group : groups) {
      out.integer(group[0]);
      out.integer(group[1]);
    }
  }

  private void reset(Request request, Session session, RespEncoder out) {
    int reset = request.size() == 2 ? latency.reset(null) : 0;
    for (int i = 2; i < request.size(); i++) {
      reset += latency.reset(event(request, i));
    }
    out.integer(reset);
  }

  private String doctor() {
    StringBuilder text = new StringBuilder();
    for (LatencyLog.Event event : latency.events()) {
      text.append(
          "%s: %d samples, the longest took %d ms\n"
              .formatted(event.name(), event.samples().size(), event.worstMillis()));
    }
    return text.isEmpty()
        ? "No latency event was seen. They are noted from latency-monitor-threshold ms on.\n"
        : text.toString();
  }
}

package dev.emberkv.server;

import dev.emberkv.server.Command.Flag;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Commands that only hold others, each with a {@code HELP} made from their summaries. */
final class Subcommands {
  private Subcommands() {}

  /** Builds a container with its subcommands and HELP. */
  static Command of(Command.Builder container, Command.Builder... subcommands) {
    List<String> help = new ArrayList<>();
    help.add(
        container.build().name().toUpperCase(Locale.ROOT)
            + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    Command.Builder definition = container.flags(Flag.NOSCRIPT).onEventLoop();
    for (Command.Builder subcommand : subcommands) {
      definition.subcommand(subcommand);
      Command described = subcommand.build();
      help.add(described.name().toUpperCase(Locale.ROOT));
      help.add("    " + described.summary());
    }
    help.add("HELP");
    help.add("    Prints this help.");
    definition.subcommand(
        Command.define("server", "help", 2, "Returns helpful text about the subcommands.")
            .flags(Flag.LOADING, Flag.STALE)
            .onEventLoop()
            .handler((request, session, out) -> {
              out.array(help.size());
              help.forEach(out::simple);
            }));
    return definition.build();
  }
}

package dev.emberkv.server;

import dev.emberkv.server.Command.Flag;
import dev.emberkv.server.Command.Keys;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The command COMMAND: what clients ask at their start to learn which commands there are. */
final class CommandCatalog {
  private static final String GROUP = "server";

  private final TreeMap<String, Command> byName = new TreeMap<>();
  private final Command definition;

  /** Describes these commands and itself. */
  CommandCatalog(Collection<Command> others) {
    definition =
        Subcommands.of(
            Command.define(GROUP, "command", -1, "Returns details about all commands.")
                .handler((request, session, out) -> describeAll(out)),
            subcommand("count", 2, "Returns the number of commands.")
                .handler((request, session, out) -> out.integer(byName.size())),
            subcommand("info", -2, "Returns details about some commands, or all.")
                .handler(this::info),
            subcommand("docs", -2, "Returns documentation about some commands, or all.")
                .handler(this::docs),
            subcommand("list", 2, "Returns the names of all commands.")
                .handler((request, session, out) -> {
                  out.array(byName.size());
                  byName.keySet().forEach(out::bulk);
                }),
            subcommand("getkeys", -4, "Returns the keys in a command.").handler(this::getKeys));
    others.forEach(command -> byName.put(command.name(), command));
    byName.put(definition.name(), definition);
  }

  /** Returns the command itself. */
  Command definition() {
    return definition;
  }

  private static Command.Builder subcommand(String name, int arity, String summary) {
    return Command.define(GROUP, name, arity, summary)
        .flags(Flag.LOADING, Flag.STALE)
        .onEventLoop();
  }

  private void describeAll(RespEncoder out) {
    out.array(byName.size());
    byName.values().forEach(command -> describe(command, out));
  }

  private void info(Request request, Session session, RespEncoder out) {
    if (request.size() == 2) {
      describeAll(out);
      return;
    }
    out.array(request.size() - 2);
    for (int i = 2; i < request.size(); i++) {
      Command command = named(request.text(i));
      if (command == null) {
        out.nil();
      } else {
        describe(command, out);
      }
    }
  }

  /** Writes the ten elements that Redis 7 writes of a command. */
  private static void describe(Command command, RespEncoder out) {
    out.array(10);
    out.bulk(command.name());
    out.integer(command.arity());
    List<Flag> flags = command.flags().stream().filter(flag -> flag != Flag.IMMEDIATE).toList();
    out.set(flags.size());
    flags.forEach(flag -> out.simple(flag.text()));
    out.integer(command.keys().first());
    out.integer(command.keys().last());
    out.integer(command.keys().step());
    Set<String> categories = CommandCategories.of(command);
    out.set(categories.size());
    categories.forEach(out::simple);
    out.array(0);
    keySpecification(command, out);
    out.array(command.subcommands().size());
    command.subcommands().values().forEach(subcommand -> describe(subcommand, out));
  }

  private static void keySpecification(Command command, RespEncoder out) {
    Keys keys = command.keys();
    if (keys.first() == 0) {
      out.array(0);
      return;
    }
    boolean write = command.flags().contains(Flag.WRITE);
    out.array(1);
    out.map(3);
    out.bulk("flags");
    out.set(2);
    out.simple(write ? "OW" : "RO");
    out.simple(write ? "update" : "access");
    out.bulk("begin_search");
    out.map(2);
    out.bulk("type");
    out.bulk("index");
    out.bulk("spec");
    out.map(1);
    out.bulk("index");
    out.integer(keys.first());
    out.bulk("find_keys");
    out.map(2);
    out.bulk("type");
    out.bulk("range");
    out.bulk("spec");
    out.map(3);
    out.bulk("lastkey");
    out.integer(keys.last() < 0 ? keys.last() : keys.last() - keys.first());
    out.bulk("keystep");
    out.integer(keys.step());
    out.bulk("limit");
    out.integer(0);
  }

  private void docs(Request request, Session session, RespEncoder out) {
    List<Command> wanted = new ArrayList<>();
    if (request.size() == 2) {
      wanted.addAll(byName.values());
    }
    for (int i = 2; i < request.size(); i++) {
      Command command = named(request.text(i));
      if (command != null) {
        wanted.add(command);
      }
    }
    out.map(wanted.size());
    wanted.forEach(command -> document(command, out));
  }

  private static void document(Command command, RespEncoder out) {
    boolean container = !command.subcommands().isEmpty();
    out.bulk(command.name());
    out.map(container ? 4 : 3);
    out.bulk("summary");
    out.bulk(command.summary());
    out.bulk("since");
    out.bulk("0.1.0");
    out.bulk("group");
    out.bulk(command.group());
    if (container) {
      out.bulk("subcommands");
      out.map(command.subcommands().size());
      command.subcommands().values().forEach(subcommand -> document(subcommand, out));
    }
  }

  private void getKeys(Request request, Session session, RespEncoder out) {
    Command command = named(request.text(2));
    if (command == null) {
      throw new CommandException("ERR Invalid command specified");
    }
    int arguments = request.size() - 2;
    if (!command.takes(arguments)) {
      throw new CommandException("ERR Invalid number of arguments specified for command");
    }
    Keys keys = command.keys();
    if (keys.first() == 0) {
      throw new CommandException("ERR The command has no key arguments");
    }
    int last = keys.last() < 0 ? arguments + keys.last() : keys.last();
    out.array((last - keys.first()) / keys.step() + 1);
    for (int i = keys.first(); i <= last; i += keys.step()) {
      out.bulk(request.bytes(i + 2));
    }
  }

  /** Returns the command or subcommand of that name, {@code "get"} or {@code "config|get"}. */
  private @Nullable Command named(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    int bar = lower.indexOf('|');
    Command command = byName.get(bar < 0 ? lower : lower.substring(0, bar));
    return command == null || bar < 0
        ? command
        : command.subcommands().get(lower.substring(bar + 1));
  }
}

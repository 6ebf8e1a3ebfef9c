package dev.emberkv.server;

import dev.emberkv.server.Command.Flag;
import java.security.SecureRandom;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/** ACL: who may do what. */
final class AclCommands {
  private static final int MAX_BITS = 4096;

  private final Users users;
  private final ClientRegistry clients;
  private final Supplier<Collection<Command>> commands;
  private final SecureRandom random = new SecureRandom();

  AclCommands(Users users, ClientRegistry clients, Supplier<Collection<Command>> commands) {
    this.users = users;
    this.clients = clients;
    this.commands = commands;
  }

  private static Command.Builder admin(String name, int arity, String summary) {
    return Command.define("server", name, arity, summary)
        .flags(Flag.ADMIN, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE)
        .onEventLoop();
  }

  private static Command.Builder open(String name, int arity, String summary) {
    return admin(name, arity, summary).flags(Flag.NOSCRIPT, Flag.LOADING, Flag.STALE);
  }

  Command definition() {
    return Subcommands.of(
        Command.define("server", "acl", -2, "A container for access list commands."),
        open("whoami", 2, "Returns the name of the connection's user.")
            .handler((request, session, out) -> {
              User user = session.user();
              out.bulk(user == null ? User.DEFAULT_NAME : user.name());
            }),
        admin("setuser", -3, "Makes or changes a user.").handler(this::setUser),
        admin("deluser", -3, "Deletes users and ends their connections.").handler(this::delUser),
        admin("getuser", 3, "Returns a user's rules.").handler(this::getUser),
        admin("list", 2, "Returns all users' rules.")
            .handler((request, session, out) -> {
              out.array(users.all().size());
              users.all().forEach(user -> out.bulk(user.describe()));
            }),
        admin("users", 2, "Returns the names of all users.")
            .handler((request, session, out) -> {
              out.array(users.all().size());
              users.all().forEach(user -> out.bulk(user.name()));
            }),
        open("cat", -2, "Lists the categories, or the commands of one.").handler(this::cat),
        open("genpass", -2, "Returns a random password.").handler(this::genPass),
        admin("dryrun", -4, "Tells whether a user may give a command.").handler(this::dryRun));
  }

  private void setUser(Request request, Session session, RespEncoder out) {
    String name = request.text(2);
    if (name.chars().anyMatch(c -> c <= ' ')) {
      throw new CommandException("ERR Usernames can't contain spaces or null characters");
    }
    User user = users.get(name);
    UserRules rules = new UserRules(user == null ? User.fresh(name) : user);
    for (int i = 3; i < request.size(); i++) {
      rules.apply(request.text(i));
    }
    User changed = rules.build();
    users.put(changed);
    clients.update(changed);
    out.ok();
  }

  private void delUser(Request request, Session session, RespEncoder out) {
    int deleted = 0;
    for (int i = 2; i < request.size(); i++) {
      String name = request.text(i);
      if (name.equals(User.DEFAULT_NAME)) {
        throw new CommandException("ERR The 'default' user cannot be removed");
      }
      if (users.remove(name)) {
        deleted++;
        clients.closeAllOf(name);
      }
    }
    out.integer(deleted);
  }

  private void getUser(Request request, Session session, RespEncoder out) {
    User user = users.get(request.text(2));
    if (user == null) {
      out.nil();
      return;
    }
    out.map(6);
    out.bulk("flags");
    List<String> flags =
        user.needsNoPassword()
            ? List.of(user.enabled() ? "on" : "off", "nopass")
            : List.of(user.enabled() ? "on" : "off");
    out.set(flags.size());
    flags.forEach(out::bulk);
    out.bulk("passwords");
    out.array(user.passwords().size());
    user.passwords().forEach(out::bulk);
    out.bulk("commands");
    out.bulk(user.commandRules());
    out.bulk("keys");
    out.bulk(String.join(" ", user.keyPatterns()));
    out.bulk("channels");
    out.bulk("");
    out.bulk("selectors");
    out.array(0);
  }

  private void cat(Request request, Session session, RespEncoder out) {
    if (request.size() == 2) {
      out.array(CommandCategories.ALL.size());
      CommandCategories.ALL.forEach(out::bulk);
      return;
    }
    String category = "@" + request.text(2).toLowerCase(Locale.ROOT);
    if (request.size() > 3 || !CommandCategories.exists(category)) {
      throw new CommandException("ERR Unknown category '" + request.text(2) + "'");
    }
    List<String> names =
        commands.get().stream()
            .filter(command -> CommandCategories.of(command).contains(category))
            .map(Command::name)
            .toList();
    out.array(names.size());
    names.forEach(out::bulk);
  }

  private void genPass(Request request, Session session, RespEncoder out) {
    long bits = request.size() > 2 ? request.integer(2) : 256;
    if (request.size() > 3 || bits < 1 || bits > MAX_BITS) {
      throw new CommandException(
          "ERR ACL GENPASS argument must be the number of bits for the output password, a positive"
              + " number up to "
              + MAX_BITS);
    }
    byte[] bytes = new byte[(int) (bits + 7) / 8];
    random.nextBytes(bytes);
    out.bulk(HexFormat.of().formatHex(bytes).substring(0, (int) (bits + 3) / 4));
  }

  private void dryRun(Request request, Session session, RespEncoder out) {
    User user = users.get(request.text(2));
    if (user == null) {
      throw new CommandException("ERR User '" + request.text(2) + "' not found");
    }
    String name = request.text(3).toLowerCase(Locale.ROOT);
    Command command =
        commands.get().stream().filter(each -> each.name().equals(name)).findFirst().orElse(null);
    if (command == null) {
      throw new CommandException("ERR Command '" + request.text(3) + "' not found");
    }
    if (!command.takes(request.size() - 3)) {
      throw CommandException.wrongArity(command.name());
    }
    Request tried = request.from(3);
    int denied = user.deniedKey(command, tried);
    if (!user.mayRun(command)) {
      out.bulk("This user has no permissions to run the '%s' command".formatted(command.name()));
    } else if (denied != User.NONE) {
      out.bulk("This user has no permissions to access the '%s' key".formatted(tried.text(denied)));
    } else {
      out.ok();
    }
  }
}

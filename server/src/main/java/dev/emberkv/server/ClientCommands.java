package dev.emberkv.server;

import dev.emberkv.server.ClientRegistry.Client;
import dev.emberkv.server.Command.Flag;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;

/** CLIENT: what a connection says about itself, and what one may do to others. */
final class ClientCommands {
  private static final String GROUP = "connection";

  private final ClientRegistry clients;

  ClientCommands(ClientRegistry clients) {
    this.clients = clients;
  }

  private static Command.Builder subcommand(String name, int arity, String summary) {
    return Command.define(GROUP, name, arity, summary)
        .flags(Flag.NOSCRIPT, Flag.LOADING, Flag.STALE)
        .onEventLoop();
  }

  private static Command.Builder admin(String name, int arity, String summary) {
    return subcommand(name, arity, summary)
        .flags(Flag.ADMIN, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE);
  }

  Command definition() {
    return Subcommands.of(
        Command.define(GROUP, "client", -2, "A container for client connection commands."),
        subcommand("setinfo", 4, "Sets the library's name or version of this connection.")
            .handler(this::setInfo),
        subcommand("setname", 3, "Sets the connection's name.")
            .handler((request, session, out) -> {
              session.name(checkedName(request, 2));
              out.ok();
            }),
        subcommand("getname", 2, "Returns the connection's name.")
            .handler((request, session, out) -> {
              if (session.name().isEmpty()) {
                out.nil();
              } else {
                out.bulk(session.name());
              }
            }),
        subcommand("id", 2, "Returns the connection's number.")
            .handler((request, session, out) -> out.integer(session.id())),
        subcommand("info", 2, "Returns what is known about the connection.")
            .handler((request, session, out) -> out.verbatim(describe(session) + "\n")),
        admin("list", -2, "Lists all connections.").handler(this::list),
        admin("kill", -3, "Closes connections.").handler(this::kill),
        subcommand("reply", 3, "Chooses which replies to send.").handler(ClientCommands::reply),
        admin("no-evict", 3, "Notes that the connection must not be closed to save memory.")
            .handler((request, session, out) -> {
              session.evictable(!onOff(request, 2));
              out.ok();
            }),
        subcommand("no-touch", 3, "Accepted: reads do not change what others see.")
            .handler((request, session, out) -> {
              var _ = onOff(request, 2);
              out.ok();
            }));
  }

  private static boolean onOff(Request request, int argument) {
    if (request.is(argument, "ON")) {
      return true;
    }
    if (request.is(argument, "OFF")) {
      return false;
    }
    throw CommandException.syntaxError();
  }

  private static void reply(Request request, Session session, RespEncoder out) {
    if (request.is(2, "ON")) {
      session.replies(Session.Replies.ON);
      out.ok();
    } else if (request.is(2, "OFF")) {
      session.replies(Session.Replies.OFF);
    } else if (request.is(2, "SKIP")) {
      if (session.replies() != Session.Replies.OFF) {
        session.replies(Session.Replies.SKIP_NEXT);
      }
    } else {
      throw CommandException.syntaxError();
    }
  }

  private void setInfo(Request request, Session session, RespEncoder out) {
    boolean libraryName = request.is(2, "LIB-NAME");
    if (!libraryName && !request.is(2, "LIB-VER")) {
      throw new CommandException("ERR Unrecognized option '" + request.text(2) + "'");
    }
    String value = request.text(3);
    if (!isPlain(value)) {
      throw new CommandException(
          "ERR "
              + (libraryName ? "lib-name" : "lib-ver")
              + " cannot contain spaces, newlines or special characters.");
    }
    if (libraryName) {
      session.libraryName(value);
    } else {
      session.libraryVersion(value);
    }
    out.ok();
  }

  /** Returns a connection's name, which has to be of printable ASCII. */
  static String checkedName(Request request, int argument) {
    String name = request.text(argument);
    if (!isPlain(name)) {
      throw new CommandException(
          "ERR Client names cannot contain spaces, newlines or special characters.");
    }
    return name;
  }

  private static boolean isPlain(String text) {
    return text.chars().allMatch(c -> c >= '!' && c <= '~');
  }

  private void list(Request request, Session session, RespEncoder out) {
    Predicate<Client> wanted = client -> true;
    if (request.size() > 2) {
      if (request.is(2, "TYPE") && request.size() == 4) {
        boolean normal = isNormal(request, 3);
        wanted = client -> normal;
      } else if (request.is(2, "ID") && request.size() > 3) {
        List<Long> ids = ids(request);
        wanted = client -> ids.contains(client.session().id());
      } else {
        throw CommandException.syntaxError();
      }
    }
    StringBuilder text = new StringBuilder();
    clients.all().stream()
        .filter(wanted)
        .forEach(client -> text.append(describe(client.session())).append('\n'));
    out.verbatim(text.toString());
  }

  private static List<Long> ids(Request request) {
    List<Long> ids = new ArrayList<>();
    for (int i = 3; i < request.size(); i++) {
      try {
        ids.add(request.integer(i));
      } catch (CommandException e) {
        throw new CommandException("ERR Invalid client ID");
      }
    }
    return ids;
  }

  private static boolean isNormal(Request request, int argument) {
    return switch (request.text(argument).toLowerCase(Locale.ROOT)) {
      case "normal" -> true;
      case "master", "replica", "slave", "pubsub" -> false;
      default ->
          throw new CommandException("ERR Unknown client type '" + request.text(argument) + "'");
    };
  }

  private void kill(Request request, Session session, RespEncoder out) {
    if (request.size() == 3) {
      String address = request.text(2);
      if (kill(client -> client.session().remoteAddress().equals(address), session) == 0) {
        throw new CommandException("ERR No such client");
      }
      out.ok();
      return;
    }
    if (request.size() % 2 != 0) {
      throw CommandException.syntaxError();
    }
    boolean skipMe = true;
    Predicate<Client> wanted = client -> true;
    for (int i = 2; i < request.size(); i += 2) {
      String value = request.text(i + 1);
      if (request.is(i, "SKIPME")) {
        skipMe = yesNo(value);
      } else {
        wanted = wanted.and(filter(request, i, value));
      }
    }
    Predicate<Client> all = wanted;
    boolean spare = skipMe;
    out.integer(
        kill(client -> all.test(client) && !(spare && client.session() == session), session));
  }

  private static boolean yesNo(String value) {
    return switch (value.toLowerCase(Locale.ROOT)) {
      case "yes" -> true;
      case "no" -> false;
      default -> throw CommandException.syntaxError();
    };
  }

  private static Predicate<Client> filter(Request request, int argument, String value) {
    return switch (request.text(argument).toUpperCase(Locale.ROOT)) {
      case "ID" -> {
        long id = idOf(request, argument + 1);
        yield client -> client.session().id() == id;
      }
      case "ADDR" -> client -> client.session().remoteAddress().equals(value);
      case "LADDR" -> client -> client.session().localAddress().equals(value);
      case "USER" -> client -> userName(client.session()).equals(value);
      case "TYPE" -> {
        boolean normal = isNormal(request, argument + 1);
        yield client -> normal;
      }
      default -> throw CommandException.syntaxError();
    };
  }

  private static long idOf(Request request, int argument) {
    try {
      return request.integer(argument);
    } catch (CommandException e) {
      throw new CommandException("ERR client-id should be greater than 0");
    }
  }

  private int kill(Predicate<Client> wanted, Session own) {
    int killed = 0;
    for (Client client : clients.all()) {
      if (wanted.test(client)) {
        killed++;
        if (client.session() == own) {
          own.closeAfterReply();
        } else {
          client.close().run();
        }
      }
    }
    return killed;
  }

  private static String userName(Session session) {
    User user = session.user();
    return user == null ? User.DEFAULT_NAME : user.name();
  }

  private static String describe(Session session) {
    Transaction transaction = session.transaction();
    return ("id=%d addr=%s laddr=%s fd=0 name=%s age=%d idle=%d flags=%s db=%d sub=0 psub=0 ssub=0"
            + " multi=%d qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 obl=0 oll=0 omem=0 tot-mem=0"
            + " events=r cmd=%s user=%s redir=-1 resp=%d lib-name=%s lib-ver=%s")
        .formatted(
            session.id(),
            session.remoteAddress(),
            session.localAddress(),
            session.name(),
            session.ageSeconds(),
            session.idleSeconds(),
            (session.evictable() ? "" : "e") + (transaction == null ? "N" : "x"),
            session.database(),
            transaction == null ? -1 : transaction.queue().commands(),
            session.lastCommand(),
            userName(session),
            session.protocol(),
            session.libraryName(),
            session.libraryVersion());
  }
}

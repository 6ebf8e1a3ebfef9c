package dev.emberkv.server;

import dev.emberkv.server.Command.Flag;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The commands about the connection itself: who, which protocol, which database. */
final class ConnectionCommands {
  private static final String GROUP = "connection";
  private static final byte[] DEFAULT_USER = "default".getBytes(StandardCharsets.US_ASCII);

  private final byte @Nullable [] password;

  ConnectionCommands(ServerOptions options) {
    String text = options.requirePass();
    password = text == null ? null : text.getBytes(StandardCharsets.UTF_8);
  }

  /** Returns the commands of this family. */
  List<Command> definitions() {
    return List.of(
        fast("ping", -1, "Returns the server's liveliness response.").handler(this::ping).build(),
        fast("echo", 2, "Returns the given string.")
            .handler((request, session, out) -> out.bulk(request.bytes(1)))
            .build(),
        fast("select", 2, "Changes the selected database.").handler(this::select).build(),
        open("auth", -2, "Authenticates the connection.").handler(this::auth).build(),
        open("hello", -1, "Handshakes with the server.").handler(this::hello).build(),
        open("quit", -1, "Closes the connection.")
            .handler((request, session, out) -> {
              out.ok();
              session.closeAfterReply();
            })
            .build(),
        open("reset", 1, "Resets the connection.")
            .handler((request, session, out) -> {
              session.reset();
              out.protocol(session.protocol());
              out.simple("RESET");
            })
            .build(),
        // A browser can be tricked into sending an HTTP request here; its body must not be obeyed.
        crossProtocol("post"),
        crossProtocol("host:"),
        client());
  }

  private static Command.Builder fast(String name, int arity, String summary) {
    return Command.define(GROUP, name, arity, summary).flags(Flag.FAST).onEventLoop();
  }

  private static Command.Builder open(String name, int arity, String summary) {
    return Command.define(GROUP, name, arity, summary)
        .flags(Flag.NO_AUTH, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE, Flag.FAST)
        .onEventLoop();
  }

  private static Command crossProtocol(String name) {
    return open(name, -1, "Closes the connection: this is not an HTTP server.")
        .handler((request, session, out) -> session.closeAfterReply())
        .build();
  }

  private void ping(Request request, Session session, RespEncoder out) {
    if (request.size() > 2) {
      throw CommandException.wrongArity("ping");
    }
    if (request.size() == 2) {
      out.bulk(request.bytes(1));
    } else {
      out.simple("PONG");
    }
  }

  private void select(Request request, Session session, RespEncoder out) {
    if (request.integer(1) != 0) {
      throw new CommandException("ERR DB index is out of range");
    }
    out.ok();
  }

  private void auth(Request request, Session session, RespEncoder out) {
    if (request.size() > 3) {
      throw CommandException.syntaxError();
    }
    if (request.size() == 2 && password == null) {
      throw new CommandException(
          "ERR AUTH <password> called without any password configured for the default user. Are you"
              + " sure your configuration is correct?");
    }
    byte[] user = request.size() == 3 ? request.bytes(1) : DEFAULT_USER;
    authenticate(session, user, request.bytes(request.size() - 1));
    out.ok();
  }

  /** Compares in constant time, so that a reply's delay says nothing about the password. */
  private void authenticate(Session session, byte[] user, byte[] given) {
    boolean knownUser = MessageDigest.isEqual(DEFAULT_USER, user);
    boolean matches = password == null || MessageDigest.isEqual(password, given);
    if (!knownUser || !matches) {
      throw new CommandException("WRONGPASS invalid username-password pair or user is disabled.");
    }
    session.authenticate();
  }

  private void hello(Request request, Session session, RespEncoder out) {
    int version = session.protocol();
    if (request.size() > 1) {
      version = protocolVersion(request);
    }
    String name = null;
    for (int i = 2; i < request.size(); i++) {
      int left = request.size() - 1 - i;
      if (request.is(i, "AUTH") && left >= 2) {
        authenticate(session, request.bytes(i + 1), request.bytes(i + 2));
        i += 2;
      } else if (request.is(i, "SETNAME") && left >= 1) {
        name = checkedName(request, i + 1);
        i++;
      } else {
        throw new CommandException("ERR Syntax error in HELLO option '" + request.text(i) + "'");
      }
    }
    if (!session.authenticated()) {
      throw new CommandException(
          "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO"
              + " <proto> AUTH <user> <pass> option can be used to authenticate the client and"
              + " select the RESP protocol version at the same time");
    }
    if (name != null) {
      session.name(name);
    }
    session.protocol(version);
    out.protocol(version);
    out.map(7);
    out.bulk("server");
    out.bulk("redis");
    out.bulk("version");
    out.bulk(ServerContext.REDIS_VERSION);
    out.bulk("proto");
    out.integer(version);
    out.bulk("id");
    out.integer(session.id());
    out.bulk("mode");
    out.bulk("standalone");
    out.bulk("role");
    out.bulk("master");
    out.bulk("modules");
    out.array(0);
  }

  private static int protocolVersion(Request request) {
    long version;
    try {
      version = request.integer(1);
    } catch (CommandException e) {
      throw new CommandException("ERR Protocol version is not an integer or out of range");
    }
    if (version != 2 && version != 3) {
      throw new CommandException("NOPROTO unsupported protocol version");
    }
    return (int) version;
  }

  private Command client() {
    return Subcommands.of(
        Command.define(GROUP, "client", -2, "A container for client connection commands."),
        fast("setinfo", 4, "Sets the library's name or version of this connection.")
            .handler(this::setInfo),
        fast("setname", 3, "Sets the connection's name.")
            .handler((request, session, out) -> {
              session.name(checkedName(request, 2));
              out.ok();
            }),
        fast("getname", 2, "Returns the connection's name.")
            .handler((request, session, out) -> {
              if (session.name().isEmpty()) {
                out.nil();
              } else {
                out.bulk(session.name());
              }
            }),
        fast("id", 2, "Returns the connection's number.")
            .handler((request, session, out) -> out.integer(session.id())),
        fast("info", 2, "Returns what is known about the connection.")
            .handler((request, session, out) -> out.verbatim(describe(session) + "\n")));
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

  private static String checkedName(Request request, int argument) {
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

  private static String describe(Session session) {
    return ("id=%d addr=%s laddr=%s name=%s age=%d db=0 cmd=%s user=default lib-name=%s lib-ver=%s"
            + " resp=%d")
        .formatted(
            session.id(),
            session.remoteAddress(),
            session.localAddress(),
            session.name(),
            session.ageSeconds(),
            session.lastCommand(),
            session.libraryName(),
            session.libraryVersion(),
            session.protocol());
  }
}

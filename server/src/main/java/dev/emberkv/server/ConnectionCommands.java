package dev.emberkv.server;

import dev.emberkv.server.Command.Flag;
import java.util.List;

/** The commands about the connection itself: who, which protocol, which database. */
final class ConnectionCommands {
  private static final String GROUP = "connection";

  private final Users users;
  private final ClientCommands clients;

  ConnectionCommands(Users users, ClientRegistry registry) {
    this.users = users;
    this.clients = new ClientCommands(registry);
  }

  /** Returns the commands of this family. */
  List<Command> definitions() {
    return List.of(
        fast("ping", -1, "Returns the server's liveliness response.").handler(this::ping).build(),
        fast("echo", 2, "Returns the given string.")
            .handler((request, session, out) -> out.bulk(request.bytes(1)))
            .build(),
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
        clients.definition());
  }

  private static Command.Builder fast(String name, int arity, String summary) {
    return Command.define(GROUP, name, arity, summary).flags(Flag.FAST).onEventLoop();
  }

  private static Command.Builder open(String name, int arity, String summary) {
    return Command.define(GROUP, name, arity, summary)
        .flags(Flag.NO_AUTH, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE, Flag.FAST, Flag.IMMEDIATE)
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

  private void auth(Request request, Session session, RespEncoder out) {
    if (request.size() > 3) {
      throw CommandException.syntaxError();
    }
    if (request.size() == 2 && users.defaultUser().needsNoPassword()) {
      throw new CommandException(
          "ERR AUTH <password> called without any password configured for the default user. Are you"
              + " sure your configuration is correct?");
    }
    String name = request.size() == 3 ? request.text(1) : User.DEFAULT_NAME;
    authenticate(session, name, request.text(request.size() - 1));
    out.ok();
  }

  private void authenticate(Session session, String name, String password) {
    session.authenticate(users.authenticate(name, password));
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
        authenticate(session, request.text(i + 1), request.text(i + 2));
        i += 2;
      } else if (request.is(i, "SETNAME") && left >= 1) {
        name = ClientCommands.checkedName(request, i + 1);
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
}

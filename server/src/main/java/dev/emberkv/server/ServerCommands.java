package dev.emberkv.server;

import dev.emberkv.server.Command.Flag;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The commands about the server: INFO, CONFIG, SHUTDOWN. */
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
            .flags(Flag.ADMIN, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE)
            .handler(this::shutdown)
            .build(),
        Subcommands.of(
            Command.define(GROUP, "config", -2, "A container for configuration commands."),
            Command.define(GROUP, "get", -3, "Returns the parameters that match a pattern.")
                .flags(Flag.ADMIN, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE)
                .onEventLoop()
                .handler(this::configGet)));
  }

  private void info(Request request, Session session, RespEncoder out) {
    InfoReport report = new InfoReport(context);
    if (request.size() == 1) {
      report.section("all");
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

  private void configGet(Request request, Session session, RespEncoder out) {
    Map<String, String> matching = new LinkedHashMap<>();
    Map<String, String> all = parameters();
    for (int i = 2; i < request.size(); i++) {
      byte[] pattern = request.text(i).toLowerCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8);
      all.forEach((name, value) -> {
        if (GlobPattern.matches(pattern, name.getBytes(StandardCharsets.UTF_8))) {
          matching.put(name, value);
        }
      });
    }
    out.map(matching.size());
    matching.forEach((name, value) -> {
      out.bulk(name);
      out.bulk(value);
    });
  }

  /** Returns the settings under the names that Redis has for them. */
  private Map<String, String> parameters() {
    ServerOptions options = context.options();
    Map<String, String> values = new LinkedHashMap<>();
    values.put("appendfsync", appendFsync());
    values.put("appendonly", "yes");
    values.put("bind", options.bind());
    values.put("client-query-buffer-limit", Integer.toString(options.maxRequestBytes()));
    values.put("databases", "1");
    values.put("dir", context.store().options().directory().toAbsolutePath().toString());
    values.put("io-threads", Integer.toString(options.eventLoopThreads()));
    values.put("maxclients", Integer.toString(options.maxClients()));
    values.put("maxmemory", Long.toString(context.store().options().memoryBytes()));
    values.put("maxmemory-policy", "noeviction");
    values.put("port", Integer.toString(context.port()));
    values.put("proto-max-bulk-len", Integer.toString(options.maxBulkBytes()));
    values.put("protected-mode", options.protectedMode() ? "yes" : "no");
    values.put("save", "");
    values.put("tcp-keepalive", "300");
    values.put("timeout", "0");
    return values;
  }

  private String appendFsync() {
    return switch (context.store().options().durability()) {
      case ALWAYS -> "always";
      case EVERYSEC -> "everysec";
      case CHECKPOINT -> "no";
    };
  }
}

package dev.emberkv.server;

import dev.emberkv.engine.Store;
import dev.emberkv.server.Command.Flag;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * CONFIG: settings under the names that Redis has for them. Some can be changed while the server
 * runs; the others are refused, as those are in Redis that it can't change.
 */
final class ConfigCommands {
  private final ServerContext context;
  private final Map<String, Setting> settings = new LinkedHashMap<>();

  /**
   * A setting.
   *
   * @param get returns its value as text
   * @param set takes a new one; null where it can't be changed
   */
  private record Setting(Supplier<String> get, @Nullable Consumer<String> set) {}

  ConfigCommands(ServerContext context) {
    this.context = context;
    ServerOptions options = context.options();
    Tuning tuning = context.tuning();
    SlowLog slowLog = context.slowLog();
    fixed("appendfsync", this::appendFsync);
    fixed("appendonly", () -> "yes");
    fixed("bind", options::bind);
    fixed("client-output-buffer-limit", () -> "normal 0 0 0 slave 0 0 0 pubsub 0 0 0");
    fixed("client-query-buffer-limit", () -> Integer.toString(options.maxRequestBytes()));
    fixed("databases", () -> Integer.toString(Store.DATABASES));
    fixed("dir", () -> context.store().options().directory().toAbsolutePath().toString());
    for (String name : List.of("hash-max-listpack-entries", "hash-max-ziplist-entries")) {
      number(name, tuning::listpackFields, tuning::listpackFields, 0);
    }
    for (String name : List.of("hash-max-listpack-value", "hash-max-ziplist-value")) {
      number(name, tuning::listpackBytes, tuning::listpackBytes, 0);
    }
    fixed("io-threads", () -> Integer.toString(options.eventLoopThreads()));
    number("latency-monitor-threshold", tuning::latencyMillis, tuning::latencyMillis, 0);
    number("maxclients", tuning::maxClients, this::maxClients, 1);
    fixed("maxmemory", () -> Long.toString(context.store().options().memoryBytes()));
    fixed("maxmemory-policy", () -> "noeviction");
    fixed("port", () -> Integer.toString(context.port()));
    fixed("proto-max-bulk-len", () -> Integer.toString(options.maxBulkBytes()));
    fixed("protected-mode", () -> options.protectedMode() ? "yes" : "no");
    settings.put("requirepass", new Setting(() -> "", this::requirePass));
    fixed("save", () -> "");
    number("slowlog-log-slower-than", slowLog::thresholdMicros, slowLog::thresholdMicros, -1);
    number("slowlog-max-len", slowLog::maxEntries, n -> slowLog.maxEntries((int) n), 0);
    fixed("tcp-keepalive", () -> "300");
    number("timeout", tuning::idleSeconds, tuning::idleSeconds, 0);
  }

  private void fixed(String name, Supplier<String> get) {
    settings.put(name, new Setting(get, null));
  }

  private void number(String name, LongSupplier get, LongConsumer set, long minimum) {
    settings.put(
        name,
        new Setting(
            () -> Long.toString(get.getAsLong()),
            text -> {
              long value;
              try {
                value = Long.parseLong(text);
              } catch (NumberFormatException e) {
                throw failed(name, "argument couldn't be parsed into an integer");
              }
              if (value < minimum || value > Integer.MAX_VALUE) {
                throw failed(
                    name,
                    "argument must be between %d and %d inclusive"
                        .formatted(minimum, Integer.MAX_VALUE));
              }
              set.accept(value);
            }));
  }

  private void maxClients(long count) {
    Tuning tuning = context.tuning();
    if (count > tuning.clientLimit()) {
      throw failed(
          "maxclients",
          "The operating system is not able to handle the specified number of clients, try with "
              + tuning.clientLimit());
    }
    tuning.maxClients(count);
  }

  private static CommandException failed(String name, String why) {
    return new CommandException(
        "ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + why);
  }

  private void requirePass(String password) {
    Users users = context.users();
    User changed =
        users.defaultUser().with("resetpass").with(password.isEmpty() ? "nopass" : ">" + password);
    users.put(changed);
    context.clients().update(changed);
  }

  private static Command.Builder subcommand(String name, int arity, String summary) {
    return Command.define("server", name, arity, summary)
        .flags(Flag.ADMIN, Flag.NOSCRIPT, Flag.LOADING, Flag.STALE)
        .onEventLoop();
  }

  Command definition() {
    return Subcommands.of(
        Command.define("server", "config", -2, "A container for configuration commands."),
        subcommand("get", -3, "Returns the parameters that match a pattern.").handler(this::get),
        subcommand("set", -4, "Changes parameters.").handler(this::set),
        subcommand("resetstat", 2, "Sets the counters of INFO to zero.")
            .handler((request, session, out) -> {
              context.counters().reset();
              context.commands().all().forEach(command -> command.stats().reset());
              out.ok();
            }),
        subcommand("rewrite", 2, "Refused: there is no configuration file.")
            .handler((request, session, out) -> {
              throw new CommandException("ERR The server is running without a config file");
            }));
  }

  private void get(Request request, Session session, RespEncoder out) {
    Map<String, String> matching = new LinkedHashMap<>();
    for (int i = 2; i < request.size(); i++) {
      byte[] pattern = request.text(i).toLowerCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8);
      settings.forEach((name, setting) -> {
        boolean secret = name.equals("requirepass") && pattern.length != name.length();
        if (!secret && GlobPattern.matches(pattern, name.getBytes(StandardCharsets.UTF_8))) {
          matching.put(name, setting.get.get());
        }
      });
    }
    out.map(matching.size());
    matching.forEach((name, value) -> {
      out.bulk(name);
      out.bulk(value);
    });
  }

  private void set(Request request, Session session, RespEncoder out) {
    if (request.size() % 2 != 0) {
      throw CommandException.wrongArity("config|set");
    }
    for (int i = 2; i < request.size(); i += 2) {
      Setting setting = settings.get(request.text(i).toLowerCase(Locale.ROOT));
      if (setting == null) {
        throw new CommandException(
            "ERR Unknown option or number of arguments for CONFIG SET - '" + request.text(i) + "'");
      }
      if (setting.set == null) {
        throw failed(request.text(i), "can't set immutable config");
      }
    }
    for (int i = 2; i < request.size(); i += 2) {
      Setting setting = settings.get(request.text(i).toLowerCase(Locale.ROOT));
      if (setting != null && setting.set != null) {
        setting.set.accept(request.text(i + 1));
      }
    }
    out.ok();
  }

  private String appendFsync() {
    return switch (context.store().options().durability()) {
      case ALWAYS -> "always";
      case EVERYSEC -> "everysec";
      case CHECKPOINT -> "no";
    };
  }
}

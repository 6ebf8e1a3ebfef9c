package dev.emberkv.server;

import dev.emberkv.engine.Store;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * Everything that the commands of one server share. Immutable but for its counters; nothing in it
 * is process-wide, so several servers can run side by side.
 */
final class ServerContext {
  /** The Redis version whose protocol and replies these are, for clients that look at it. */
  static final String REDIS_VERSION = "7.2.0";

  private final Store store;
  private final ServerOptions options;
  private final ServerCounters counters = new ServerCounters();
  private final RequestMemory requestMemory;
  private final long startedAtNanos = System.nanoTime();
  private final Runnable shutdown;
  private final CheckpointCommands checkpoints;
  private final CommandTable commands;
  private final ClientRegistry clients = new ClientRegistry();
  private final SlowLog slowLog = new SlowLog();
  private final Tuning tuning;
  private final LatencyLog latency;
  private final Users users;
  private final CommandExecutor executor;
  private volatile int port;

  /**
   * Puts the parts together.
   *
   * @param shutdown starts to stop the server and returns at once
   * @throws IOException when the operating system leaves no room for a connection
   */
  ServerContext(Store store, ServerOptions options, Runnable shutdown) throws IOException {
    this.store = store;
    this.options = options;
    this.shutdown = shutdown;
    this.requestMemory =
        new RequestMemory(
            Math.max(
                2L * options.maxRequestBytes(),
                Math.min(8L * options.maxRequestBytes(), Runtime.getRuntime().maxMemory() / 4)));
    this.port = options.port();
    this.checkpoints = new CheckpointCommands(store);
    this.tuning = new Tuning(options, FileLimit.ofThisProcess());
    this.latency = new LatencyLog(tuning);
    this.users = new Users(options.requirePass());
    Data data = new Data(store, counters);
    List<Command> all = new ArrayList<>();
    all.addAll(new ConnectionCommands(users, clients).definitions());
    all.addAll(new StringCommands(data).definitions());
    all.addAll(new KeyCommands(data, tuning).definitions());
    all.addAll(new HashCommands(data).definitions());
    all.addAll(new DatabaseCommands(data).definitions());
    all.addAll(new TransactionCommands(data, options, this::executor).definitions());
    all.addAll(new ServerCommands(this).definitions());
    all.addAll(checkpoints.definitions());
    all.addAll(new DiagnosticCommands(slowLog).definitions());
    all.add(new LatencyCommands(latency, this::allCommands).definition());
    all.addAll(new EmbeddingCommands(store, options).definitions());
    all.add(new AclCommands(users, clients, this::allCommands).definition());
    CommandCatalog catalog = new CommandCatalog(all);
    all.add(catalog.definition());
    this.commands = new CommandTable(all);
    this.executor = new CommandExecutor(this);
  }

  private Collection<Command> allCommands() {
    return commands.all();
  }

  /** Returns what runs commands. */
  CommandExecutor executor() {
    return executor;
  }

  ClientRegistry clients() {
    return clients;
  }

  SlowLog slowLog() {
    return slowLog;
  }

  LatencyLog latency() {
    return latency;
  }

  Tuning tuning() {
    return tuning;
  }

  Users users() {
    return users;
  }

  Store store() {
    return store;
  }

  ServerOptions options() {
    return options;
  }

  ServerCounters counters() {
    return counters;
  }

  RequestMemory requestMemory() {
    return requestMemory;
  }

  CheckpointCommands checkpoints() {
    return checkpoints;
  }

  CommandTable commands() {
    return commands;
  }

  long uptimeSeconds() {
    return (System.nanoTime() - startedAtNanos) / 1_000_000_000;
  }

  /** Returns the port that the server listens on; 0 before it does. */
  int port() {
    return port;
  }

  void port(int boundPort) {
    port = boundPort;
  }

  /** Starts to stop the server and returns at once. */
  void requestShutdown() {
    shutdown.run();
  }

  /** Returns this build's version. */
  static String version() {
    return ServerContext.class.getModule().isNamed()
        ? ServerContext.class.getModule().getDescriptor().rawVersion().orElse("unknown")
        : "unknown";
  }
}

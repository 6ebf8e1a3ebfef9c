package dev.emberkv.server;

import dev.emberkv.engine.StringEntry;
import dev.emberkv.server.Command.Flag;
import dev.emberkv.server.Command.Keys;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * MULTI, EXEC, DISCARD, WATCH and UNWATCH.
 *
 * <p>EXEC has the string keys for itself while its commands run. WATCH notes the version of a key,
 * which differs between any two of its states, and EXEC compares; nothing has to be told of changes
 * in between.
 */
final class TransactionCommands {
  private static final String GROUP = "transactions";

  private final Data data;
  private final ServerOptions options;
  private final Supplier<CommandExecutor> executor;

  /**
   * Makes the family.
   *
   * @param executor runs the queued commands; asked for when the first EXEC runs
   */
  TransactionCommands(Data data, ServerOptions options, Supplier<CommandExecutor> executor) {
    this.data = data;
    this.options = options;
    this.executor = executor;
  }

  private static Command.Builder define(String name, int arity, String summary) {
    return Command.define(GROUP, name, arity, summary)
        .flags(Flag.NOSCRIPT, Flag.LOADING, Flag.STALE, Flag.FAST, Flag.IMMEDIATE);
  }

  /** Returns the commands of this family. */
  List<Command> definitions() {
    return List.of(
        define("multi", 1, "Starts a transaction.").onEventLoop().handler(this::multi).build(),
        define("exec", 1, "Runs the commands of a transaction.")
            .alone()
            .handler(this::exec)
            .build(),
        define("discard", 1, "Gives a transaction up.")
            .onEventLoop()
            .handler((request, session, out) -> {
              if (session.transaction() == null) {
                throw new CommandException("ERR DISCARD without MULTI");
              }
              session.endTransaction();
              out.ok();
            })
            .build(),
        define("watch", -2, "Makes a transaction depend on keys.")
            .keys(Keys.ALL)
            .hot()
            .handler(this::watch)
            .build(),
        define("unwatch", 1, "Forgets the watched keys.")
            .flags(Flag.NOSCRIPT, Flag.LOADING, Flag.STALE, Flag.FAST)
            .onEventLoop()
            .handler((request, session, out) -> {
              session.unwatch();
              out.ok();
            })
            .build());
  }

  private void multi(Request request, Session session, RespEncoder out) {
    if (session.transaction() != null) {
      throw new CommandException("ERR MULTI calls can not be nested");
    }
    session.begin(new Transaction(options.maxRequestBytes()));
    out.ok();
  }

  private void watch(Request request, Session session, RespEncoder out) {
    if (session.transaction() != null) {
      throw new CommandException("ERR WATCH inside MULTI is not allowed");
    }
    List<WatchedKey> keys = new ArrayList<>();
    for (byte[] key : request.bytes(1, 1)) {
      // Under the key's lock: not in the middle of a batch, which has one version for its writes.
      StringEntry entry = data.of(session).update(key, seen -> seen);
      long version = entry == null ? 0 : entry.version();
      keys.add(new WatchedKey(session.database(), key, version));
    }
    session.watch(keys);
    out.ok();
  }

  private void exec(Request request, Session session, RespEncoder out) {
    Transaction transaction = session.transaction();
    if (transaction == null) {
      throw new CommandException("ERR EXEC without MULTI");
    }
    List<WatchedKey> watched = session.watched();
    session.endTransaction();
    if (transaction.isAborted()) {
      throw new CommandException("EXECABORT Transaction discarded because of previous errors.");
    }
    if (watched.stream().anyMatch(this::hasChanged)) {
      out.nilArray();
      return;
    }
    RequestBatch queue = transaction.queue();
    out.array(queue.commands());
    Objects.requireNonNull(executor.get()).runAll(session, queue, out);
  }

  private boolean hasChanged(WatchedKey watched) {
    return WatchedKey.versionOf(data.store().strings(watched.database()).info(watched.key()))
        != watched.version();
  }
}
